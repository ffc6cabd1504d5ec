// Shows a message that was looked for: its branch, its place, the words in it.
import { useEffect, useRef, type RefObject } from "react";
import { markWords } from "../search/highlight";
import type { Message } from "../transport/api";
import { setTarget, useView } from "../ui/view";
import { showBranch } from "./actions";

/** drawn is how many of the path's last messages are drawn; more draws so many. */
export function useTarget(content: RefObject<HTMLElement | null>, chatId: string, all: readonly Message[], path: readonly Message[], drawn: number, more: (n: number) => void): void {
  const target = useView((view) => view.target);
  const known = target !== null && all.some((m) => m.id === target.message);
  const at = target ? path.findIndex((m) => m.id === target.message) : -1;
  const hidden = at >= 0 && at < path.length - drawn;
  useEffect(() => {
    if (target && known && at < 0) void showBranch(chatId, target.message);
  }, [target, known, at, chatId]);
  useEffect(() => {
    if (hidden) more(path.length - at);
  }, [hidden, at, path.length, more]);
  useEffect(() => {
    if (!target || at < 0 || hidden) return;
    const shown = content.current?.querySelector(`[data-message="${CSS.escape(target.message)}"]`);
    if (!shown) return;
    let unmark = () => {};
    // After the list has gone to its end.
    const timer = setTimeout(() => {
      shown.scrollIntoView({ block: "center" });
      unmark = markWords(shown, target.words);
    }, 60);
    return () => {
      clearTimeout(timer);
      unmark();
    };
  }, [target, at, hidden, content]);
  // What was looked for is marked until another chat is shown.
  const here = useRef(known);
  here.current = known;
  useEffect(
    () => () => {
      if (here.current) setTarget(null);
    },
    [chatId],
  );
}
