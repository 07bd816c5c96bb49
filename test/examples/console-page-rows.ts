/** Descriptors as the feed tells of them. */
import type { DescriptorRow } from "../../examples/console/feed.ts";
import type { Row } from "../../examples/console/page/feed/rows.ts";

export function descriptorRow(fd: number, more: Partial<DescriptorRow> = {}): DescriptorRow {
  return {
    fd,
    kind: "channel",
    state: "open",
    owner: "chat",
    local: "127.0.0.1:9000",
    peer: `127.0.0.1:${50_000 + fd}`,
    interest: 1,
    ready: 0,
    arming: "armed",
    bytesIn: 0,
    bytesOut: 0,
    unread: 0,
    queued: 0,
    highWaterMark: 65_536,
    dispatches: 0,
    waitedTurns: 0,
    openedAt: 0,
    reading: "nothing came",
    writing: "not asked for",
    error: null,
    ...more,
  };
}

export function shownRow(fd: number, more: Partial<DescriptorRow> = {}): Row {
  return { descriptor: descriptorRow(fd, more), look: 0, rateIn: 0, rateOut: 0, ratedAt: 0 };
}
