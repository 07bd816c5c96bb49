"""Makes test/vectors/struct.json: what CPython's own `struct` answers, for the tests to compare.

    python3 tools/struct-vectors.py > test/vectors/struct.json

Needs CPython 3.13 or later, on 64-bit Linux, little-endian. The tests do not need it.

A value is written as JSON, but a float as "d" and the 16 hexadecimal digits of its bits, bytes as
"x" and theirs, and an integer of a code that has 64 bits as its digits and "n". A NaN whose payload
CPython 3.13 drops and later ones keep is "nan". Null as an answer is an error.
"""

import hashlib
import json
import math
import platform
import random
import struct
import sys

ORDERS = ["", "@", "=", "<", ">", "!"]
INTEGERS = "bBhHiIlLqQnNP"
FLOATS = "efd"
CODES = "xcbB?hHiIlLqQnNefdspP"
WIDE_EVERYWHERE = "qQnNP"

random.seed(20_260_101)


def is_native(fmt):
    return fmt[:1] not in "=<>!" or fmt == ""


def codes_of(order):
    return CODES if order in ("", "@") else CODES.translate({ord(c): None for c in "nNP"})


def is_wide(code, order):
    return code in WIDE_EVERYWHERE or (code in "lL" and order in ("", "@"))


def double(bits):
    return struct.unpack(">d", bits.to_bytes(8, "big"))[0]


def bits_of(value):
    return int.from_bytes(struct.pack(">d", value), "big")


def encode(value, code, order):
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return f"{value}n" if is_wide(code, order) else value
    if isinstance(value, float):
        return f"d{bits_of(value):016x}"
    if isinstance(value, bytes):
        return f"x{value.hex()}"
    return value


def expand(fmt):
    """The order of a format, and the code of each of its values."""
    order = fmt[0] if fmt[:1] in set("@=<>!") else ""
    codes, count = [], ""
    for character in fmt[len(order) :]:
        if character.isdigit():
            count += character
        elif not character.isspace():
            times = 1 if count == "" or character in "sp" else int(count)
            codes += [character] * (0 if character == "x" else times)
            count = ""
    return order, codes


def encode_all(values, fmt):
    order, codes = expand(fmt)
    # More or fewer values than codes, where that is the point.
    codes = (codes + ["i"] * len(values))[: len(values)]
    return [encode(value, code, order) for value, code in zip(values, codes)]


def encode_unpacked(values, fmt, data, base=0):
    """As encode_all, but NaNs that lose their payload are "nan"."""
    order, codes = expand(fmt)
    offsets = offsets_of(fmt)
    answer = []
    for value, code, offset in zip(values, codes, offsets):
        if code in "ef" and math.isnan(value):
            answer.append(encode(value, code, order) if keeps(code, data, base + offset, order) else "nan")
        else:
            answer.append(encode(value, code, order))
    return answer


def keeps(code, data, offset, order):
    """Whether the NaN at offset comes out with its payload: a quiet one of 32 bits."""
    if code == "e":
        return False
    top = data[offset + 1] if order in (">", "!") else data[offset + 2]
    return top & 0x40 != 0


def offsets_of(fmt):
    """The offset of each value."""
    order, _ = expand(fmt)
    offsets, prefix, count = [], order, ""
    for character in fmt[len(order) :]:
        if character.isdigit():
            count += character
        elif not character.isspace():
            start = struct.calcsize(f"{prefix}0{character}")
            size = struct.calcsize(f"{order}{character}")
            times = 1 if count == "" or character in "sp" else int(count)
            offsets += [start + i * size for i in range(0 if character == "x" else times)]
            prefix += count + character
            count = ""
    return offsets


def attempt(call, *arguments):
    try:
        return call(*arguments)
    except (struct.error, OverflowError, UnicodeEncodeError):
        return None


def pack_case(fmt, values):
    packed = attempt(struct.pack, fmt, *values)
    return [fmt, encode_all(values, fmt), None if packed is None else packed.hex()]


def unpack_case(fmt, data):
    values = attempt(struct.unpack, fmt, data)
    return [fmt, data.hex(), None if values is None else encode_unpacked(values, fmt, data)]


def integer_values(code, order):
    bits = 8 * struct.calcsize(f"{order}{code}")
    signed = code in "bhilqn"
    least, most = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    edges = [least - 1, least, least + 1, -1, 0, 1, most - 1, most, most + 1]
    far = [-(1 << 63) - 1, -(1 << 63), 1 << 64, 1 << 70]
    some = [random.randint(least, most) for _ in range(5)]
    return edges + some + (far if bits == 64 else [])


def float_values():
    values = [0.0, -0.0, 1.0, -1.0, 0.1, 1 / 3, math.pi, 1e-5, 1e300, -1e300, 5e-324]
    values += [math.inf, -math.inf, math.nan, -math.nan, sys.float_info.max, sys.float_info.min]
    # What 16 and 32 bits hold last, and the tie above it, from both sides.
    for most, tie in ((65504.0, 65520.0), (3.4028234663852886e38, 3.4028235677973366e38)):
        for edge in (most, tie):
            values += [edge, -edge, math.nextafter(edge, 0), math.nextafter(edge, math.inf)]
    # Ties, and their neighbours: between two normals, two subnormals, at 0 and at the border.
    for digits, exponents in ((11, (0, 5, -14, -15, -24)), (24, (0, 30, -126, -127, -149))):
        for exponent in exponents:
            for odd in (0, 1, 2, 3):
                unit = 2.0 ** (max(exponent, -14 if digits == 11 else -126) - digits + 1)
                tie = 2.0**exponent + (odd + 0.5) * unit
                values += [tie, math.nextafter(tie, 0), math.nextafter(tie, math.inf), -tie]
    for tie in (2.0**-25, 2.0**-150, 3 * 2.0**-25, 3 * 2.0**-150):
        values += [tie, -tie, math.nextafter(tie, 0), math.nextafter(tie, 1)]
    return values


def quiet_nans():
    for high in (0x7FF8, 0xFFF8, 0x7FFC, 0x7FF8):
        yield double(high << 48 | random.getrandbits(48))


def random_value(code, count, order):
    if code in "sp":
        return random.randbytes(random.randint(0, count + 2))
    if code == "c":
        return random.randbytes(1)
    if code == "?":
        return random.random() < 0.5
    if code in FLOATS:
        return random.choice([random.uniform(-1000, 1000), 0.5, -0.0, float(random.getrandbits(15))])
    return random.choice(integer_values(code, order)[1:8])


def random_format(order, items):
    fmt, values = order, []
    for _ in range(items):
        code = random.choice(codes_of(order))
        count = random.choice(["", "", "", "0", "1", "2", "3", "03", "5"])
        times = int(count or 1)
        fmt += random.choice(["", "", "", " ", "\t", "\n", "\v\f\r"]) + count + code
        if code in "sp":
            values.append(random_value(code, times, order))
        elif code != "x":
            values += [random_value(code, times, order) for _ in range(times)]
    return fmt + random.choice(["", "", " "]), values


def packs():
    for order in ORDERS:
        for code in codes_of(order):
            if code in INTEGERS:
                for value in integer_values(code, order):
                    yield pack_case(order + code, [value])
            if code in FLOATS:
                for value in float_values():
                    yield pack_case(order + code, [value])
            if code in "fd":
                for value in quiet_nans():
                    yield pack_case(order + code, [value])
            if code == "?":
                for value in (True, False, 0, 2, "", "no", None):
                    yield pack_case(order + code, [value])
            if code == "c":
                for length in (0, 1, 2):
                    yield pack_case(order + code, [random.randbytes(length)])
            if code in "sp":
                for count in ("", "0", "1", "2", "4"):
                    for length in range(6):
                        yield pack_case(order + count + code, [b"abcdef"[:length]])
            values = [random_value(code, 1, order) for _ in range(3)]
            for given in (0, 1, 2, 3):
                yield pack_case(f"{order}2{code}", values[:given])
    for fmt, lengths in {"<256p": (254, 255, 256), ">300p": (255, 299, 400), "300s": (299, 301)}.items():
        for length in lengths:
            yield pack_case(fmt, [random.randbytes(length)])
    wrong = {"c": [1, 0.5, None, "a"], "s": [1, 0.5, None, "a"], "p": [1, None, "a"]}
    wrong.update({code: [0.5, None, "1", b"1"] for code in INTEGERS})
    wrong.update({code: [None, "1", b"1"] for code in FLOATS})
    for order in ORDERS:
        for code in codes_of(order):
            for value in wrong.get(code, []):
                yield pack_case(order + code, [value])
    for _ in range(1500):
        fmt, values = random_format(random.choice(ORDERS), random.randint(0, 7))
        yield pack_case(fmt, values)


def unpacks():
    for order in ORDERS:
        for code in codes_of(order):
            size = struct.calcsize(order + code)
            for pattern in (0x00, 0x01, 0x7F, 0x80, 0xFF):
                yield unpack_case(order + code, bytes([pattern]) * size)
            for _ in range(6):
                yield unpack_case(order + code, random.randbytes(size))
            yield unpack_case(order + code, random.randbytes(size + 1))
            yield unpack_case(order + code, b"")
            yield unpack_case(f"{order}3{code}", random.randbytes(struct.calcsize(f"{order}3{code}")))
        for count in (0, 1, 2, 5, 6):
            for length in (0, 1, 4, 5, 255):
                yield unpack_case(f"{order}{count}p", (bytes([length]) + b"abcde")[:count])
        for value in ("7fc12345", "ffc00001", "7fffffff", "7f800000", "ff800000", "00000001", "807fffff"):
            data = bytes.fromhex(value)
            yield unpack_case(order + "f", data if order in (">", "!") else data[::-1])
        for value in ("7ff8000000000001", "fff8123456789abc", "7fffffffffffffff", "0000000000000001"):
            data = bytes.fromhex(value)
            yield unpack_case(order + "d", data if order in (">", "!") else data[::-1])
    for count in (255, 256, 257):
        yield unpack_case(f"<{count}p", b"\xff" + random.randbytes(count - 1))
    for _ in range(1000):
        fmt, _ = random_format(random.choice(ORDERS), random.randint(0, 7))
        yield unpack_case(fmt, random.randbytes(struct.calcsize(fmt)))


def sizes():
    formats = ["", *ORDERS, " ", "3", "<3", "i3", "3 i", "-1i", "+1i", "1.5i", "i,i", "(i)", "*i", "#"]
    formats += [" <i", "<<i", "<i<i", "i@", "<\ti", "i\0", "\0", "i\u00e9", "\u00e9", "<1x 2x", "x3"]
    formats += ["99999999999999999999999i", "9223372036854775807i", "9223372036854775807x1x"]
    formats += ["0" * 30 + "2i", "\u0663i", "i\u00a0i", "i\u2003i", "i\x1ci", "i\x85i"]
    for order in ORDERS:
        formats += [order + chr(c) for c in range(1, 127)]
        formats += [f"{order}{count}{code}" for code in CODES for count in ("0", "2", "10", "007")]
    formats += [f"{order}{a}{b}" for order in "@<" for a in CODES for b in CODES]
    formats += [f"{a}0{b}" for a in CODES for b in CODES]
    for _ in range(400):
        fmt, _ = random_format(random.choice(ORDERS), random.randint(1, 6))
        place = random.randrange(len(fmt) + 1)
        formats += [fmt, fmt[:place] + random.choice("0 9x<@yiZ-\t") + fmt[place:]]
    for fmt in formats:
        yield [fmt, attempt(struct.calcsize, fmt)]


def pack_intos():
    for fmt, values in (("<i", [-2]), ("@bi", [1, 2]), (">3sxH", [b"ab", 5]), ("", []), ("0s", [b""])):
        for length in (0, 3, 4, 8, 12):
            for offset in range(-13, 14):
                data = bytearray(b"\xaa" * length)
                failed = attempt(lambda: (struct.pack_into(fmt, data, offset, *values), 1)[1]) is None
                yield [fmt, length, offset, encode_all(values, fmt), None if failed else data.hex()]


def unpack_froms():
    for fmt in ("<i", "@bi", ">3sxH", "", "0s"):
        for length in (0, 3, 4, 8, 12):
            for offset in range(-13, 14):
                data = bytes(range(1, length + 1))
                values = attempt(struct.unpack_from, fmt, data, offset)
                yield [fmt, length, offset, None if values is None else encode_all(values, fmt)]


def iterations():
    for fmt in ("<i", "@bi", ">3sxH", "B", "", "0s", "!Hq"):
        for length in (0, 1, 2, 4, 6, 7, 8, 12, 16, 20, 24, 30):
            data = bytes(range(1, length + 1))
            records = attempt(lambda: list(struct.iter_unpack(fmt, data)))
            encoded = None if records is None else [encode_all(values, fmt) for values in records]
            yield [fmt, length, encoded]


def half_digests():
    """Every float16 there is, and what many doubles become: too many to list."""
    values = (struct.unpack("<e", struct.pack("<H", bits))[0] for bits in range(1 << 16))
    unpacked = hashlib.sha256(b"".join(struct.pack("<d", v) for v in values if v == v))
    packed, state = hashlib.sha256(), 1
    for _ in range(200_000):
        # xorshift32: two steps make a double whose exponent is near that of a float16.
        words = []
        for _ in range(2):
            state ^= state << 13 & 0xFFFFFFFF
            state ^= state >> 17
            state ^= state << 5 & 0xFFFFFFFF
            words.append(state)
        high = (words[0] & 0x800FFFFF) | ((990 + (words[0] >> 20) % 48) << 20)
        value = double(high << 32 | words[1])
        packed.update(struct.pack("<e", value))
    return {"unpacked": unpacked.hexdigest(), "packed": packed.hexdigest()}


def main():
    assert sys.version_info >= (3, 13) and sys.byteorder == "little" and struct.calcsize("P") == 8
    vectors = {
        "sizes": list(sizes()),
        "packs": list(packs()),
        "unpacks": list(unpacks()),
        "packIntos": list(pack_intos()),
        "unpackFroms": list(unpack_froms()),
        "iterations": list(iterations()),
    }
    print("{")
    print(f'"python": "{platform.python_implementation()} {platform.python_version()}",')
    print(f'"half": {json.dumps(half_digests())},')
    for number, (name, cases) in enumerate(vectors.items()):
        lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
        print(f'"{name}": [\n{lines}\n]' + ("," if number + 1 < len(vectors) else ""))
    print("}")


main()
