// Keys while an input method writes: Korean, Chinese, Japanese and many others.

const composing = 229;

/**
 * Whether the key belongs to an input method. Chromium and Firefox say so with
 * isComposing; WebKit ends the composition first and then reports the key that
 * ended it with this code.
 */
export const composes = (e: Pick<KeyboardEvent, "isComposing" | "keyCode">): boolean => e.isComposing || e.keyCode === composing;

/** Keeps such keys from everything else: the Enter that takes a word sends nothing, the Escape that drops one closes nothing. */
export function guardComposing(target: Window = window): () => void {
  const hide = (e: KeyboardEvent) => composes(e) && e.stopImmediatePropagation();
  target.addEventListener("keydown", hide, true);
  return () => target.removeEventListener("keydown", hide, true);
}
