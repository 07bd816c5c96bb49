/** Each owner has a colour and a shape, and is always named beside them. */

export const SHAPES = ["circle", "square", "triangle", "diamond", "cross", "ring", "bar"] as const;
export type Shape = (typeof SHAPES)[number];

export interface Mark {
  /** 0: nobody has said whose it is. Else the number of a colour, `--owner-1` and on. */
  readonly colour: number;
  readonly shape: Shape;
}

const NOBODY: Mark = { colour: 0, shape: "circle" };
/** Those that this program has always look the same; others take what is left as they appear. */
const places = new Map<string, number>([
  ["chat", 0],
  ["ftp", 1],
  ["http", 2],
  ["console", 3],
]);

export function markOf(owner: string): Mark {
  if (owner === "") return NOBODY;
  let place = places.get(owner);
  if (place === undefined) {
    place = places.size;
    places.set(owner, place);
  }
  const index = place % SHAPES.length;
  return { colour: index + 1, shape: SHAPES[index]! };
}
