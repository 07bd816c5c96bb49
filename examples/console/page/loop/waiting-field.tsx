/** All that the thread waits for, one mark each, by owner; those that were ready are lit. */
import { useComputed, useSignalEffect } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { rows, rowsLook } from "../feed/store.ts";
import { markOf } from "../owners.ts";
import { drawMark } from "./mark-drawing.ts";
import { colourOf, paletteVersion } from "../parts/palette.ts";
import { OwnerName } from "../parts/owner-name.tsx";
import { useTexts } from "../texts/texts.ts";
import { groupsOf, type OwnerGroup } from "./turn-layout.ts";
import { heldTurn, shownTurn } from "./turn-state.ts";

/** Pixels that all marks together may take, and the pitch of a mark at least and at most. */
const AREA = 110_000;
const PITCH = { least: 5, most: 22 };

export function WaitingField(): JSX.Element {
  const { loop } = useTexts();
  const groups = useGroups();
  const count = groups.reduce((sum, { fds }) => sum + fds.length, 0);
  const pitch = Math.min(PITCH.most, Math.max(PITCH.least, Math.sqrt(AREA / Math.max(1, count))));
  const lit = new Set(shownTurn()?.calls.map(({ fd }) => fd));
  return (
    <ul class="waiting">
      {groups.map((group) => {
        const ready = group.fds.reduce((sum, fd) => sum + (lit.has(fd) ? 1 : 0), 0);
        return (
          <li key={group.owner}>
            <p>
              <OwnerName owner={group.owner} />
              <span class="muted">{loop.groupCount(group.fds.length, ready)}</span>
            </p>
            <Marks group={group} lit={lit} pitch={Math.floor(pitch)} />
          </li>
        );
      })}
    </ul>
  );
}

/** They stand still with a turn that is held. */
function useGroups(): OwnerGroup[] {
  const held = useRef<OwnerGroup[]>([]);
  return useComputed(() => {
    void rowsLook.value;
    if (heldTurn.value === null || held.current.length === 0)
      held.current = groupsOf(rows.list().map(({ descriptor }) => descriptor));
    return held.current;
  }).value;
}

interface MarksProps {
  readonly group: OwnerGroup;
  readonly lit: ReadonlySet<number>;
  readonly pitch: number;
}

/** The names beside it tell the same, so it has none of its own. */
function Marks(props: MarksProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const latest = useRef(props);
  latest.current = props;
  const draw = (): void => {
    if (canvas.current !== null) drawMarks(canvas.current, latest.current);
  };
  useEffect(draw);
  useSignalEffect(() => {
    void paletteVersion.value;
    draw();
  });
  useEffect(() => {
    const observer = new ResizeObserver(draw);
    observer.observe(canvas.current!.parentElement!);
    return () => observer.disconnect();
  }, []);
  return <canvas ref={canvas} aria-hidden="true" />;
}

function drawMarks(canvas: HTMLCanvasElement, { group, lit, pitch }: MarksProps): void {
  const { owner, fds } = group;
  const width = canvas.parentElement!.clientWidth;
  const perLine = Math.max(1, Math.floor(width / pitch));
  const height = Math.ceil(fds.length / perLine) * pitch;
  const scale = devicePixelRatio;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d")!;
  context.scale(scale, scale);
  const { colour, shape } = markOf(owner);
  const bright = colourOf(`--owner-${colour}`);
  const dim = colourOf("--dim");
  const radius = pitch * 0.36;
  fds.forEach((fd, index) => {
    const x = ((index % perLine) + 0.5) * pitch;
    const y = (Math.floor(index / perLine) + 0.5) * pitch;
    const isLit = lit.has(fd);
    context.fillStyle = isLit ? bright : dim;
    drawMark(context, shape, x, y, isLit ? radius * 1.25 : radius * 0.8);
  });
}
