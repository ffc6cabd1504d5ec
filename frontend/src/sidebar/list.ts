// Which chats the list shows, and under which headings.
import type { ChatSummary, Folder } from "../transport/api";
import { dayLabel } from "../ui/format";

export interface Group {
  label: string;
  chats: ChatSummary[];
}

/** Chats under the days they were last written to; the list comes newest first. */
export function groupByDay(chats: readonly ChatSummary[], now: number): Group[] {
  const groups: Group[] = [];
  for (const chat of chats) {
    const label = dayLabel(chat.updatedAt, now);
    if (groups.at(-1)?.label !== label) groups.push({ label, chats: [] });
    groups.at(-1)!.chats.push(chat);
  }
  return groups;
}

/** What of all chats is shown: those in the archive or the others, of one tag or of any. */
export interface Filter {
  archived: boolean;
  tag: string;
}
export const noFilter: Filter = { archived: false, tag: "" };
export const filters = (f: Filter): boolean => f.archived || f.tag !== "";

export const matches = (f: Filter, c: ChatSummary): boolean => c.archived === f.archived && (f.tag === "" || c.tags.includes(f.tag));

export interface Sections {
  pinned: ChatSummary[];
  folders: { folder: Folder; chats: ChatSummary[] }[];
  /** All others, by day. */
  days: Group[];
}

/** A chat stands in one place only: pinned ones on top, then those of folders. */
export function sections(chats: readonly ChatSummary[], folders: readonly Folder[], now: number): Sections {
  const known = new Map(folders.map((folder) => [folder.id, [] as ChatSummary[]]));
  const pinned: ChatSummary[] = [];
  const others: ChatSummary[] = [];
  for (const c of chats) {
    if (c.pinned) pinned.push(c);
    else (known.get(c.folder) ?? others).push(c);
  }
  return { pinned, folders: folders.map((folder) => ({ folder, chats: known.get(folder.id)! })), days: groupByDay(others, now) };
}

/** All tags, those of most chats first. */
export function tagsOf(chats: readonly ChatSummary[]): string[] {
  const counts = new Map<string, number>();
  for (const c of chats) for (const tag of c.tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  return [...counts].sort(([a, n], [b, m]) => m - n || a.localeCompare(b)).map(([tag]) => tag);
}

/** The ids from one chat of the shown order to another, both included. */
export function between(order: readonly string[], from: string, to: string): string[] {
  const [a, b] = [order.indexOf(from), order.indexOf(to)];
  return a < 0 || b < 0 ? [to] : order.slice(Math.min(a, b), Math.max(a, b) + 1);
}
