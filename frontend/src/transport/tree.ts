// Conversations are trees: an edited question or a second answer is a sibling,
// and one path from a root to a leaf is shown.
import type { Message } from "./api";

/** The messages from the root to the leaf, in reading order. A broken or circular chain ends the walk. */
export function pathTo(messages: readonly Message[], leaf: string): Message[] {
  const byId = new Map(messages.map((m) => [m.id, m]));
  const path: Message[] = [];
  for (let m = byId.get(leaf); m; m = m.parentId ? byId.get(m.parentId) : undefined) {
    byId.delete(m.id);
    path.push(m);
  }
  return path.reverse();
}

/** All messages that stand in the same place as m, oldest first, m among them. */
export const siblingsOf = (messages: readonly Message[], m: Message): Message[] => messages.filter((other) => placeOf(other) === placeOf(m));

/** What messages have in common of which only one is shown. */
export const placeOf = (m: Message): string => `${m.parentId} ${m.role}`;

/** The ids of all messages by the place they stand in, oldest first. */
export function versionsOf(messages: readonly Message[]): Map<string, string[]> {
  const places = new Map<string, string[]>();
  for (const m of messages) {
    const ids = places.get(placeOf(m));
    if (ids) ids.push(m.id);
    else places.set(placeOf(m), [m.id]);
  }
  return places;
}

/** The newest message below m, or m itself: what is shown when its branch is chosen. */
export function newestBelow(messages: readonly Message[], id: string): string {
  let current = id;
  for (const seen = new Set([id]); ; seen.add(current)) {
    const child = messages.findLast((m) => m.parentId === current);
    if (!child || seen.has(child.id)) return current;
    current = child.id;
  }
}

/** Puts a message in, replacing the one with its id. A finished message never goes back to streaming. */
export function withMessage(messages: readonly Message[], m: Message): Message[] {
  const at = messages.findIndex((other) => other.id === m.id);
  if (at < 0) return [...messages, m];
  if (messages[at]!.status !== "streaming" && m.status === "streaming") return messages as Message[];
  return messages.with(at, m);
}
