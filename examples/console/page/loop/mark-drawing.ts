/** The shapes of owners on a canvas. */
import type { Shape } from "../owners.ts";

export function drawMark(
  context: CanvasRenderingContext2D,
  shape: Shape,
  x: number,
  y: number,
  radius: number,
): void {
  // Below two pixels a shape cannot be told from a square, which is the cheapest.
  const drawn = radius < 2 ? "square" : shape;
  if (drawn === "square") {
    const side = radius * 0.9;
    context.fillRect(x - side, y - side, 2 * side, 2 * side);
    return;
  }
  context.beginPath();
  DRAW[drawn](context, x, y, radius);
  context.fill("evenodd");
}

type Draw = (context: CanvasRenderingContext2D, x: number, y: number, radius: number) => void;

const DRAW: Record<Exclude<Shape, "square">, Draw> = {
  circle: (context, x, y, radius) => context.arc(x, y, radius, 0, 2 * Math.PI),
  ring: (context, x, y, radius) => {
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.moveTo(x + radius / 2, y);
    context.arc(x, y, radius / 2, 0, 2 * Math.PI);
  },
  triangle: (context, x, y, radius) => polygon(context, x, y, radius, [-90, 30, 150]),
  diamond: (context, x, y, radius) => polygon(context, x, y, radius, [-90, 0, 90, 180]),
  cross: (context, x, y, radius) => {
    const arm = radius * 0.38;
    context.rect(x - radius, y - arm, 2 * radius, 2 * arm);
    context.rect(x - arm, y - radius, 2 * arm, radius - arm);
    context.rect(x - arm, y + arm, 2 * arm, radius - arm);
  },
  bar: (context, x, y, radius) =>
    context.rect(x - radius * 0.45, y - radius, radius * 0.9, 2 * radius),
};

function polygon(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  radius: number,
  degrees: readonly number[],
): void {
  for (const degree of degrees) {
    const angle = (degree * Math.PI) / 180;
    context.lineTo(x + radius * Math.cos(angle), y + radius * Math.sin(angle));
  }
  context.closePath();
}
