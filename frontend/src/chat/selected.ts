// What was last selected in a conversation. Writing in the message field ends
// the selection itself.
let last = "";

export const selectedText = (): string => last;

/** Begins to watch. Returns the function that ends it. */
export function watchSelection(): () => void {
  const changed = () => {
    const s = document.getSelection();
    const at = s?.anchorNode;
    const within = (at instanceof Element ? at : at?.parentElement)?.closest(".messages, .source-panel");
    if (within) last = s!.toString().trim();
  };
  const left = () => (last = "");
  document.addEventListener("selectionchange", changed);
  addEventListener("hashchange", left);
  return () => {
    document.removeEventListener("selectionchange", changed);
    removeEventListener("hashchange", left);
    last = "";
  };
}
