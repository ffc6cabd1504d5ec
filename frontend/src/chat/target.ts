// Shows a message that was looked for: its branch, its place, the words in it.
import { useEffect, useRef, type RefObject } from "react";
import { markWords } from "../search/highlight";
import type { Message } from "../transport/api";
import { setTarget, useView } from "../ui/view";
import { showBranch } from "./actions";

const looks = 40; // frames to wait for the message to be drawn

/** show brings the message at a place of the path into sight. */
export function useTarget(content: RefObject<HTMLElement | null>, chatId: string, all: readonly Message[], path: readonly Message[], show: (at: number) => void): void {
  const target = useView((view) => view.target);
  const known = target !== null && all.some((m) => m.id === target.message);
  const at = target ? path.findIndex((m) => m.id === target.message) : -1;
  useEffect(() => {
    if (target && known && at < 0) void showBranch(chatId, target.message);
  }, [target, known, at, chatId]);
  useEffect(() => {
    if (!target || at < 0) return;
    let unmark = () => {};
    let frame = 0;
    let left = looks;
    const look = () => {
      const drawn = content.current?.querySelector(`[data-message="${CSS.escape(target.message)}"]`);
      if (drawn) {
        show(at); // once more: by now the heights around it are known
        unmark = markWords(drawn, target.words);
      } else if (left-- > 0) frame = requestAnimationFrame(look);
    };
    frame = requestAnimationFrame(() => {
      show(at);
      frame = requestAnimationFrame(look);
    });
    return () => {
      cancelAnimationFrame(frame);
      unmark();
    };
  }, [target, at, content, show]);
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
