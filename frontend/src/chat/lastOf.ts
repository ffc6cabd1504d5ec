// What keys and commands do with the chat that is shown.
import { useSplit } from "../compare/split";
import * as api from "../transport/api";
import { useCache } from "../transport/cache";
import { pathTo } from "../transport/tree";
import { attempt, notify } from "../ui/notify";
import { parse } from "../ui/route";
import { t } from "../strings";
import { regenerate } from "./actions";

/** The chat of the page, of two the one that is worked in; "" for one that does not exist yet; null on other pages. */
export function chatHere(): string | null {
  const route = parse(location.hash);
  if (route.page !== "chat") return null;
  return route.beside && useSplit.getState().side === "right" ? route.beside : route.id;
}

/** The message field of that chat. */
export const fieldHere = (): HTMLTextAreaElement | null =>
  (useSplit.getState().side === "right" ? document.querySelector<HTMLTextAreaElement>("#composer-beside") : null) ?? document.querySelector<HTMLTextAreaElement>("#composer");

const shownPath = (): readonly api.Message[] => {
  const chat = useCache.getState().opened[chatHere() ?? ""];
  return chat ? pathTo(chat.messages, chat.leaf) : [];
};

/** Tells whether there was an answer. */
export function copyLastAnswer(): boolean {
  const answer = shownPath().findLast((m) => m.role === "assistant" && m.content !== "");
  if (!answer) return false;
  void attempt(t.common.copy, async () => {
    await api.copyText(answer.content);
    notify(t.common.copied);
  });
  return true;
}

export function regenerateLast(): boolean {
  const chat = useCache.getState().opened[chatHere() ?? ""];
  const answer = shownPath().findLast((m) => m.role === "assistant");
  if (!answer || chat?.generating || answer.status === "streaming") return false;
  void regenerate(answer);
  return true;
}

/** Opens the editor of the last question. */
export function editLastQuestion(): boolean {
  const question = [...(fieldHere()?.closest(".conversation")?.querySelectorAll<HTMLElement>(".messages .question") ?? [])].at(-1);
  const button = question?.querySelector<HTMLButtonElement>(`button[aria-label="${CSS.escape(t.chat.edit)}"]`);
  if (!button || button.disabled) return false;
  button.click();
  return true;
}

export const focusComposer = (): boolean => {
  const field = fieldHere();
  field?.focus();
  return field !== null;
};
