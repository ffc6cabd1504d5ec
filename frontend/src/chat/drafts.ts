// Keeps drafts with the program: saved a moment after the last key and when the
// page goes. Of two pages of one chat the one that was written in last wins.
import * as api from "../transport/api";
import { setDraft, useView } from "../ui/view";

const pause = 400; // ms without a key

interface Known {
  /** When the shown text was last changed, here or elsewhere; ms since 1970. */
  editedAt: number;
  /** Whether the program has it. */
  kept: boolean;
}

const known = new Map<string, Known>();
const timers = new Map<string, ReturnType<typeof setTimeout>>();

/** Shows a draft that the program has, unless something newer was written here. */
export function adopt(d: api.Draft): void {
  const mine = known.get(d.chatId);
  if (mine && (mine.editedAt > d.editedAt || (!mine.kept && mine.editedAt === d.editedAt))) return;
  show(d);
}

let adopting = false; // what changes now is not what somebody writes here

function show({ chatId, text, editedAt }: api.Draft): void {
  known.set(chatId, { editedAt, kept: true });
  if ((useView.getState().drafts[chatId] ?? "") === text) return;
  adopting = true;
  setDraft(chatId, text);
  adopting = false;
}

/** All that the program has: what it lacks was emptied on another page. */
export function adoptAll(all: readonly api.Draft[]): void {
  const there = new Set(all.map((d) => d.chatId));
  for (const [chatId, mine] of known) if (mine.kept && !there.has(chatId) && useView.getState().drafts[chatId]) show({ chatId, text: "", editedAt: mine.editedAt });
  all.forEach(adopt);
}

async function save(chatId: string): Promise<void> {
  clearTimeout(timers.get(chatId));
  timers.delete(chatId);
  const mine = known.get(chatId);
  const { drafts, pending } = useView.getState();
  const text = drafts[chatId] ?? "";
  if (!mine || mine.kept) return;
  if (chatId === "" && pending.temporary && text !== "") return; // of a temporary chat nothing comes to the disk
  known.set(chatId, { ...mine, kept: true });
  try {
    const there = await api.saveDraft({ chatId, text, editedAt: mine.editedAt });
    if (there.text !== text) adopt(there);
  } catch {
    // The text is still on the page; the next key tries again, and so does finding the program again.
    const now = known.get(chatId);
    if (now?.editedAt === mine.editedAt) known.set(chatId, { ...now, kept: false });
  }
}

/** Saves at once what waits. */
export function saveDrafts(): void {
  for (const [chatId, { kept }] of known) if (!kept) void save(chatId);
}

/** Begins to keep drafts. Returns the function that ends it. */
export function keepDrafts(): () => void {
  const read = () =>
    void api.drafts().then(
      (all) => {
        saveDrafts();
        adoptAll(all);
      },
      () => undefined,
    );
  const hidden = () => document.hidden && saveDrafts();
  const ends = [
    useView.subscribe((now, before) => {
      if (now.drafts === before.drafts || adopting) return;
      for (const [chatId, text] of Object.entries(now.drafts)) {
        if (text === (before.drafts[chatId] ?? "")) continue;
        known.set(chatId, { editedAt: Date.now(), kept: false });
        clearTimeout(timers.get(chatId));
        timers.set(chatId, setTimeout(() => void save(chatId), pause));
      }
    }),
    api.on("draft", adopt),
    api.on("bridge:open", read),
  ];
  addEventListener("pagehide", saveDrafts);
  document.addEventListener("visibilitychange", hidden);
  read();
  return () => {
    ends.forEach((end) => end());
    removeEventListener("pagehide", saveDrafts);
    document.removeEventListener("visibilitychange", hidden);
    timers.forEach((timer) => clearTimeout(timer));
    timers.clear();
    known.clear();
  };
}
