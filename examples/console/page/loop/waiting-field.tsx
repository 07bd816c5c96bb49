/** All that the thread waits for, one mark each, by owner; those that were ready are lit. */
import { useComputed, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { known } from "../feed/store.ts";
import { markOf } from "../owners.ts";
import { drawMark } from "./mark-drawing.ts";
import { colourOf } from "../parts/palette.ts";
import { OwnerName } from "../parts/owner-name.tsx";
import { useTexts } from "../texts/texts.ts";
import { FEW, fittingPitch, groupsOf, marksPerLine, type OwnerGroup } from "./turn-layout.ts";
import { heldTurn, lines, shownTurn } from "./turn-state.ts";

/** Pixels, as in the style sheet: a line of calls, what is above them, and the name of a group. */
const LINE = 26;
const ABOVE = 28;
const NAME = 28;

export function WaitingField(): JSX.Element {
  const { loop } = useTexts();
  const list = useRef<HTMLUListElement>(null);
  const width = useWidth(list);
  const groups = useGroups();
  const pitch = fittingPitch(
    groups.map(({ fds }) => fds.length),
    { width, height: lines.value * LINE + ABOVE, name: NAME },
  );
  const lit = new Set(shownTurn()?.calls.map(({ fd }) => fd));
  return (
    <ul class="waiting" ref={list} style={{ "--lines": lines.value }}>
      {groups.map((group) => {
        const { owner, fds } = group;
        const isFew = fds.length <= FEW;
        const ready = fds.reduce((sum, fd) => sum + (lit.has(fd) ? 1 : 0), 0);
        const wide = isFew ? fds.length * pitch : width;
        return (
          <li key={owner} class={isFew ? "few" : undefined}>
            <p>
              <OwnerName owner={owner} />
              <span class="muted">{loop.groupCount(fds.length, ready)}</span>
            </p>
            <Marks group={group} lit={lit} pitch={pitch} width={wide} />
          </li>
        );
      })}
    </ul>
  );
}

function useWidth(list: { readonly current: HTMLElement | null }): number {
  const width = useSignal(0);
  useEffect(() => {
    const box = list.current!;
    const observer = new ResizeObserver(() => (width.value = box.clientWidth));
    observer.observe(box);
    return () => observer.disconnect();
  }, []);
  return width.value;
}

/** They stand still with a turn that is held. */
function useGroups(): OwnerGroup[] {
  const held = useRef<OwnerGroup[]>([]);
  return useComputed(() => {
    const { rows } = known.value;
    if (heldTurn.value === null || held.current.length === 0)
      held.current = groupsOf(rows.list().map(({ descriptor }) => descriptor));
    return held.current;
  }).value;
}

interface MarksProps {
  readonly group: OwnerGroup;
  readonly lit: ReadonlySet<number>;
  readonly pitch: number;
  readonly width: number;
}

/** The name above tells the same, so it has none of its own. */
function Marks(props: MarksProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const bright = colourOf(`--owner-${markOf(props.group.owner).colour}`);
  const dim = colourOf("--dim");
  useEffect(() => drawMarks(canvas.current!, props, { bright, dim }));
  return <canvas ref={canvas} aria-hidden="true" />;
}

function drawMarks(
  canvas: HTMLCanvasElement,
  { group, lit, pitch, width }: MarksProps,
  { bright, dim }: { readonly bright: string; readonly dim: string },
): void {
  const { owner, fds } = group;
  const perLine = marksPerLine(width, pitch);
  const height = Math.ceil(fds.length / perLine) * pitch;
  const scale = devicePixelRatio;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d")!;
  context.scale(scale, scale);
  const { shape } = markOf(owner);
  const radius = pitch * 0.36;
  fds.forEach((fd, index) => {
    const x = ((index % perLine) + 0.5) * pitch;
    const y = (Math.floor(index / perLine) + 0.5) * pitch;
    const isLit = lit.has(fd);
    context.fillStyle = isLit ? bright : dim;
    drawMark(context, shape, x, y, isLit ? radius * 1.25 : radius * 0.8);
  });
}
