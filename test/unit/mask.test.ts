import fc from "fast-check";
import { expect, it } from "vitest";

import * as iomux from "iomux";

import { checkInterest } from "../../src/mask.ts";

const {
  EDGE,
  ERROR,
  formatMask,
  HANGUP,
  INVALID,
  ONESHOT,
  PEER_CLOSED,
  PRIORITY,
  READABLE,
  WRITABLE,
} = iomux;

const NAMES = {
  READABLE,
  PRIORITY,
  WRITABLE,
  ERROR,
  HANGUP,
  INVALID,
  PEER_CLOSED,
  EDGE,
  ONESHOT,
};
const INTERESTS = [READABLE, PRIORITY, WRITABLE, ERROR, HANGUP, PEER_CLOSED];

it("masks have the values of Linux's poll.h and epoll.h, but for EDGE", () => {
  expect(NAMES).toEqual({
    READABLE: 0x001,
    PRIORITY: 0x002,
    WRITABLE: 0x004,
    ERROR: 0x008,
    HANGUP: 0x010,
    INVALID: 0x020,
    PEER_CLOSED: 0x2000,
    EDGE: 1 << 27,
    ONESHOT: 1 << 30,
  });
});

it("POLLIN ... EPOLLONESHOT are aliases", () => {
  const aliases = {
    POLLIN: READABLE,
    POLLPRI: PRIORITY,
    POLLOUT: WRITABLE,
    POLLERR: ERROR,
    POLLHUP: HANGUP,
    POLLNVAL: INVALID,
    POLLRDHUP: PEER_CLOSED,
    EPOLLIN: READABLE,
    EPOLLPRI: PRIORITY,
    EPOLLOUT: WRITABLE,
    EPOLLERR: ERROR,
    EPOLLHUP: HANGUP,
    EPOLLRDHUP: PEER_CLOSED,
    EPOLLET: EDGE,
    EPOLLONESHOT: ONESHOT,
  };
  expect(iomux).toMatchObject(aliases);
});

it("no mask is negative: not one bit, and not all of them together", () => {
  const all = Object.values(NAMES).reduce((mask, bit) => mask | bit, 0);
  expect(all).toBeGreaterThan(0);
  expect(new Set(Object.values(NAMES)).size).toBe(Object.keys(NAMES).length);
});

it("formatMask names each bit once, in one order, and what has no name in hexadecimal", () => {
  expect(formatMask(0)).toBe("0");
  expect(formatMask(READABLE | EDGE)).toBe("READABLE|EDGE");
  expect(formatMask(ONESHOT | WRITABLE | READABLE)).toBe("READABLE|WRITABLE|ONESHOT");
  expect(formatMask(0x40)).toBe("0x40");
  expect(formatMask(READABLE | 0x40)).toBe("READABLE|0x40");
  expect(formatMask(-1)).toMatch(/^READABLE\|.*\|0x[0-9a-f]+$/);
});

it("formatMask can be read back", () => {
  fc.assert(
    fc.property(fc.subarray(Object.entries(NAMES), { minLength: 1 }), (chosen) => {
      const mask = chosen.reduce((sum, [, bit]) => sum | bit, 0);
      expect(formatMask(mask).split("|").sort()).toEqual(chosen.map(([name]) => name).sort());
    }),
  );
});

it("an interest is any combination with at least one condition, and nothing else", () => {
  fc.assert(
    fc.property(
      fc.subarray(INTERESTS, { minLength: 1 }),
      fc.subarray([EDGE, ONESHOT]),
      (conditions, modes) => {
        const mask = [...conditions, ...modes].reduce((sum, bit) => sum | bit, 0);
        expect(() => {
          checkInterest(mask);
        }).not.toThrow();
      },
    ),
  );
  const known = [...INTERESTS, EDGE, ONESHOT].reduce((sum, bit) => sum | bit, 0);
  fc.assert(
    fc.property(fc.oneof(fc.integer(), fc.double(), fc.maxSafeInteger()), (mask) => {
      const sound =
        Number.isInteger(mask) && mask > 0 && mask <= 0x7fffffff && (mask & ~known) === 0;
      fc.pre(!sound);
      expect(() => {
        checkInterest(mask);
      }).toThrow(iomux.IomuxRangeError);
    }),
  );
});

it("a wrong interest is named in the message, with the fd", () => {
  expect(() => {
    checkInterest(READABLE | INVALID, 7);
  }).toThrow("interest of fd 7 is READABLE|INVALID");
  expect(() => {
    checkInterest(-1);
  }).toThrow("interest is -1");
  expect(() => {
    checkInterest("1", 7);
  }).toThrow("interest of fd 7 must be a mask (a number), not string");
});
