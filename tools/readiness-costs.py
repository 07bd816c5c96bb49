"""Measures what `select`, `poll` and `epoll_wait` cost, and a process and a thread outside Node.

    python3 tools/readiness-costs.py

Prints the tables of docs/server-models.md, as Markdown. Needs CPython 3.10 or later on Linux, and
may open 10,010 files (`ulimit -Hn`). It takes some seconds; read orders of magnitude.

The calls are those of the C library, through `ctypes`: Python's own `select` and `poll` make lists of
objects as well, which would be measured too. Each has one ready pipe, the last, among the others
that are idle; a figure is the lower quartile of CALLS calls, since others use the machine too.
"""

import ctypes
import os
import resource
import select
import sys
import threading
import time

COUNTS = (10, 100, 500, 5000)
CALLS = 300
STARTS = 100
FD_SETSIZE = 1024

libc = ctypes.CDLL(None, use_errno=True)


class PollFd(ctypes.Structure):
    _fields_ = [("fd", ctypes.c_int), ("events", ctypes.c_short), ("revents", ctypes.c_short)]


class TimeVal(ctypes.Structure):
    _fields_ = [("sec", ctypes.c_long), ("usec", ctypes.c_long)]


def lower_quartile_us(call, prepare, calls):
    times = []
    for _ in range(calls):
        prepare()
        begun = time.perf_counter_ns()
        answer = call()
        times.append(time.perf_counter_ns() - begun)
        assert answer == 1, f"answered {answer}, errno {ctypes.get_errno()}"
    return sorted(times)[calls // 4] / 1000


def nothing():
    pass


def select_us(fds):
    if max(fds) >= FD_SETSIZE:
        return f"refused: numbers over {FD_SETSIZE - 1}"
    bits = bytearray(FD_SETSIZE // 8)
    for fd in fds:
        bits[fd // 8] |= 1 << fd % 8
    wanted, given = bytes(bits), ctypes.create_string_buffer(FD_SETSIZE // 8)
    patience = TimeVal()

    # The answer overwrites the set: it is made anew each time. That is not measured.
    def renew():
        ctypes.memmove(given, wanted, len(wanted))

    def call():
        return libc.select(max(fds) + 1, given, None, None, ctypes.byref(patience))

    return lower_quartile_us(call, renew, CALLS)


def poll_us(fds):
    asked = (PollFd * len(fds))(*[(fd, select.POLLIN, 0) for fd in fds])
    return lower_quartile_us(lambda: libc.poll(asked, len(fds), 0), nothing, CALLS)


def epoll_us(fds):
    with select.epoll() as epoll:
        for fd in fds:
            epoll.register(fd, select.EPOLLIN)
        # A struct epoll_event is 12 bytes where it is packed (x86-64), and 16 elsewhere.
        events = ctypes.create_string_buffer(16 * 10)
        number = epoll.fileno()
        return lower_quartile_us(lambda: libc.epoll_wait(number, events, 10, 0), nothing, CALLS)


def row_of(count):
    pipes = [os.pipe() for _ in range(count)]
    os.write(pipes[-1][1], b"x")
    fds = [read for read, _ in pipes]
    row = (f"{count}", *(shown(of(fds)) for of in (select_us, poll_us, epoll_us)))
    for pipe in pipes:
        for fd in pipe:
            os.close(fd)
    return row


def fork_and_wait():
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    return 1 if os.waitpid(pid, 0)[0] == pid else 0


def start_and_join():
    thread = threading.Thread(target=nothing)
    thread.start()
    thread.join()
    return 1


def shown(value):
    if isinstance(value, str):
        return value
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def print_table(*rows):
    print("\n".join("| " + " | ".join(row) + " |" for row in rows), end="\n\n")


def main():
    # Before there are many descriptors, which a fork would copy.
    starts = [
        ("`fork()`, `_exit()` and `waitpid()`", shown(lower_quartile_us(fork_and_wait, nothing, STARTS))),
        ("a thread, from its start to `join()`", shown(lower_quartile_us(start_and_join, nothing, STARTS))),
    ]
    needed, (_, most) = 2 * max(COUNTS) + 10, resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < needed:
        sys.exit(f"readiness-costs: {needed} files are needed, {most} are allowed (ulimit -Hn)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, most))
    print("Microseconds for a call, one descriptor being ready:\n")
    head = ("descriptors", "`select`", "`poll`", "`epoll_wait`")
    print_table(head, ("---",) * 4, *map(row_of, COUNTS))
    print("Microseconds for what has no engine of JavaScript:\n")
    print_table(("what", "takes"), ("---",) * 2, *starts)


main()
