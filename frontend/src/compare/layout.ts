// Where the messages of a chat stand on its map: a row for each step of the
// conversation, a column for each branch. What comes first goes straight down,
// so that nothing moves while a chat grows.
import type { Message } from "../transport/api";

export interface Place {
  message: Message;
  column: number;
  row: number;
  parent: Place | null;
  children: Place[];
}

export interface Layout {
  /** In the order of the tree: each before what is below it. */
  places: Place[];
  byId: Map<string, Place>;
  columns: number;
  rows: number;
}

/** Messages whose parent is not there stand at the top. */
export function layOut(messages: readonly Message[]): Layout {
  const byId = new Map<string, Place>();
  for (const message of messages) byId.set(message.id, { message, column: 0, row: 0, parent: null, children: [] });
  const roots: Place[] = [];
  for (const place of byId.values()) {
    const parent = byId.get(place.message.parentId);
    if (!parent || parent === place) roots.push(place);
    else {
      place.parent = parent;
      parent.children.push(place);
    }
  }

  const taken: Set<number>[] = [];
  const free = (column: number, from: number, to: number): boolean => {
    const rows = taken[column];
    for (let row = from; rows && row <= to; row++) if (rows.has(row)) return false;
    return true;
  };
  let rows = 0;
  // Lines of messages that go straight down; the last is laid out next.
  const lines: { first: Place; row: number; after: number }[] = roots.map((first) => ({ first, row: 0, after: -1 })).reverse();
  const laid = new Set<Place>();
  while (lines.length) {
    const { first, row, after } = lines.pop()!;
    const line: Place[] = [];
    for (let p: Place | undefined = first; p && !laid.has(p); p = p.children[0]) {
      laid.add(p);
      line.push(p);
    }
    const end = row + line.length - 1;
    let column = after + 1;
    while (!free(column, row, end)) column++;
    const cells = (taken[column] ??= new Set());
    line.forEach((p, i) => {
      p.column = column;
      p.row = row + i;
      cells.add(row + i);
      // Pushed from the top down, so the branch at the bottom is next and stands
      // inmost: connections do not cross.
      for (let k = p.children.length - 1; k > 0; k--) lines.push({ first: p.children[k]!, row: row + i + 1, after: column });
    });
    rows = Math.max(rows, end + 1);
  }
  return { places: inOrder(roots, laid), byId, columns: taken.length, rows };
}

function inOrder(roots: readonly Place[], laid: ReadonlySet<Place>): Place[] {
  const places: Place[] = [];
  const rest = [...roots].reverse();
  while (rest.length) {
    const p = rest.pop()!;
    if (!laid.has(p)) continue;
    places.push(p);
    for (let i = p.children.length - 1; i >= 0; i--) rest.push(p.children[i]!);
  }
  return places;
}

/** Where an arrow key leads from a message; null: nowhere. Down prefers the branch that is shown. */
export function step(from: Place, key: string, shown: ReadonlySet<string>, roots: readonly Place[]): Place | null {
  const siblings = from.parent?.children ?? roots;
  const at = siblings.indexOf(from);
  switch (key) {
    case "ArrowUp":
      return from.parent;
    case "ArrowDown":
      return from.children.find((c) => shown.has(c.message.id)) ?? from.children[0] ?? null;
    case "ArrowLeft":
      return siblings[at - 1] ?? null;
    case "ArrowRight":
      return siblings[at + 1] ?? null;
    default:
      return null;
  }
}

/** The size of what stands on the map, in pixels at zoom 1. */
export const cell = { width: 168, height: 34, gapX: 20, gapY: 16 } as const;
export const leftOf = (p: Place): number => p.column * (cell.width + cell.gapX);
export const topOf = (p: Place): number => p.row * (cell.height + cell.gapY);
export const sizeOf = (l: Layout): { width: number; height: number } => ({
  width: Math.max(1, l.columns) * (cell.width + cell.gapX) - cell.gapX,
  height: Math.max(1, l.rows) * (cell.height + cell.gapY) - cell.gapY,
});

/** The line from a message's parent down to it. */
export function connection(p: Place): string {
  if (!p.parent) return "";
  const x0 = leftOf(p.parent) + cell.width / 2;
  const y0 = topOf(p.parent) + cell.height;
  const x1 = leftOf(p) + cell.width / 2;
  const y1 = topOf(p);
  if (x0 === x1) return `M${x0} ${y0}V${y1}`;
  const middle = (y0 + y1) / 2;
  const r = Math.min(6, (y1 - y0) / 2) * Math.sign(x1 - x0);
  const bend = Math.abs(r);
  return `M${x0} ${y0}V${middle - bend}Q${x0} ${middle} ${x0 + r} ${middle}H${x1 - r}Q${x1} ${middle} ${x1} ${middle + bend}V${y1}`;
}

/** What part of the map is seen: the point in the corner, and how large things are. */
export interface View {
  x: number;
  y: number;
  zoom: number;
}
export interface Size {
  width: number;
  height: number;
}

export const zooms = { least: 0.04, most: 1.6, readable: 0.62 } as const;
const margin = 18;

/** All of the map. */
export function fitted(map: Size, box: Size): View {
  const zoom = Math.min(1, zoomed((box.width - 2 * margin) / map.width), zoomed((box.height - 2 * margin) / map.height));
  return { zoom, x: (map.width - box.width / zoom) / 2, y: Math.min((map.height - box.height / zoom) / 2, -margin / zoom) };
}

const zoomed = (zoom: number): number => Math.min(zooms.most, Math.max(zooms.least, zoom));

/** Larger or smaller by a factor, around a point of the box. */
export function zoomAt(v: View, factor: number, at: { x: number; y: number }): View {
  const zoom = zoomed(v.zoom * factor);
  return { zoom, x: v.x + at.x / v.zoom - at.x / zoom, y: v.y + at.y / v.zoom - at.y / zoom };
}

/** The nearest view in which a message is wholly seen. */
export function including(v: View, p: Place, box: Size): View {
  const edge = margin / v.zoom;
  const within = (from: number, length: number, start: number, room: number): number => {
    if (from - edge < start || length + 2 * edge > room) return from - edge;
    return from + length + edge > start + room ? from + length + edge - room : start;
  };
  return { zoom: v.zoom, x: within(leftOf(p), cell.width, v.x, box.width / v.zoom), y: within(topOf(p), cell.height, v.y, box.height / v.zoom) };
}

/** What to show first: everything if that can be read, else the message. */
export function opening(l: Layout, p: Place | undefined, box: Size): View {
  const all = fitted(sizeOf(l), box);
  if (all.zoom >= zooms.readable || !p) return all;
  const zoom = 0.85;
  return { zoom, x: leftOf(p) + cell.width / 2 - box.width / zoom / 2, y: topOf(p) + cell.height / 2 - box.height / zoom / 2 };
}

/** The places in sight, those next to the middle first if there are more than most. */
export function inSight(l: Layout, v: View, box: Size, most: number): Place[] {
  const right = v.x + box.width / v.zoom;
  const bottom = v.y + box.height / v.zoom;
  const seen = l.places.filter((p) => {
    const x = leftOf(p);
    const y = topOf(p);
    return x < right && x + cell.width > v.x && y < bottom && y + cell.height > v.y;
  });
  if (seen.length <= most) return seen;
  const middle = (v.y + bottom) / 2;
  const near = new Set([...seen].sort((a, b) => Math.abs(topOf(a) - middle) - Math.abs(topOf(b) - middle)).slice(0, most));
  return seen.filter((p) => near.has(p));
}
