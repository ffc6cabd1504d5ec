// What a user does with branches and comparisons.
import { create } from "zustand";
import { createChat, put } from "../chat/actions";
import { t } from "../strings";
import * as api from "../transport/api";
import { putChat, putMessage, useCache } from "../transport/cache";
import { attempt, notifyAction, notifyFailure } from "../ui/notify";
import { go, parse } from "../ui/route";
import { clearPending, setDraft, useView } from "../ui/view";

/** What is to be compared: two messages, or the answers to a question. */
export interface Comparing {
  chatId: string;
  a: string;
  b: string;
}

interface Compares {
  /** The ways in which the next questions of a chat are answered, by chat; none: by its model. */
  ways: Record<string, readonly api.Way[]>;
  /** The chat, and the question if it is there already, for which ways are being chosen. */
  choosing: { chatId: string; questionId: string } | null;
  comparing: Comparing | null;
  /** Trials of which one answer is shown, though nothing follows it yet. */
  folded: readonly string[];
}

export const useCompares = create<Compares>(() => ({ ways: {}, choosing: null, comparing: null, folded: [] }));

export const choose = (chatId: string, questionId = "") => useCompares.setState({ choosing: { chatId, questionId } });
export const chosen = () => useCompares.setState({ choosing: null });
export const setWays = (chatId: string, ways: readonly api.Way[]) =>
  useCompares.setState(({ ways: { [chatId]: _old, ...others } }) => ({ ways: ways.length > 1 ? { ...others, [chatId]: ways } : others }));
export const showDifferences = (comparing: Comparing | null) => useCompares.setState({ comparing });
export const fold = (trial: string, folded: boolean) =>
  useCompares.setState((was) => ({ folded: folded ? [...was.folded, trial] : was.folded.filter((id) => id !== trial) }));

/** Asks a question of several ways at once; on failure the text goes back into the draft. */
export async function ask(chatId: string, text: string, ways: readonly api.Way[]): Promise<void> {
  setDraft(chatId, "");
  let id = chatId;
  try {
    if (!id) {
      id = await createChat();
      const here = parse(location.hash);
      clearPending();
      setWays("", []);
      setWays(id, ways);
      if (here.page === "chat" && here.id === "") go({ page: "chat", id });
    }
    put(await api.compare(id, useCache.getState().opened[id]?.leaf ?? "", text, ways));
  } catch (e) {
    if (!useView.getState().drafts[id]) setDraft(id, text);
    notifyFailure(t.compare.askFailed, e);
  }
}

/** Has a question that was asked answered in further ways. */
export const askAgain = (chatId: string, questionId: string, ways: readonly api.Way[]): Promise<boolean> =>
  attempt(t.compare.askFailed, async () => put(await api.compare(chatId, questionId, "", ways)));

export const stopAnswer = (m: api.Message): Promise<boolean> => attempt(t.chat.failed, () => api.stopAnswer(m.id));

export const judge = (m: api.Message, verdict: "best" | "alike" | ""): Promise<boolean> =>
  attempt(t.compare.judgeFailed, async () => (await api.judgeAnswer(m.chatId, m.id, verdict)).forEach(putMessage));

/** The chat goes on with this answer; the others stay as versions of it. */
export async function goOnWith(m: api.Message): Promise<void> {
  const done = await attempt(t.chat.openFailed, async () => putChat(await api.selectBranch(m.chatId, m.id)));
  if (!done) return;
  if (m.trial) fold(m.trial.id, true);
  requestAnimationFrame(() => document.querySelector<HTMLElement>("#composer")?.focus());
}

export async function removeBranch(m: api.Message): Promise<void> {
  const before = useCache.getState().opened[m.chatId]?.leaf ?? "";
  let root = "";
  const done = await attempt(t.compare.removeFailed, async () => {
    const left = await api.removeBranch(m.chatId, m.id);
    root = left.root;
    putChat(left.chat);
  });
  if (!done) return;
  notifyAction(t.compare.removed, t.common.undo, () => {
    void attempt(t.compare.removeFailed, async () => putChat(await api.restoreBranch(m.chatId, root, before)));
  });
}

/** A new chat with the way up to the message. A question is put into its composer, to be asked otherwise. */
export async function fork(m: api.Message): Promise<void> {
  await attempt(t.compare.forkFailed, async () => {
    const made = await api.forkChat(m.chatId, m.role === "user" ? m.parentId : m.id);
    putChat(made);
    if (m.role === "user") setDraft(made.id, m.content);
    go({ page: "chat", id: made.id });
  });
}
