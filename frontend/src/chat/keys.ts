// Keys in text fields.
import type { KeyboardEvent } from "react";
import { composes } from "../ui/composing";

type Key = Pick<KeyboardEvent, "key" | "shiftKey" | "altKey" | "ctrlKey" | "metaKey"> & {
  nativeEvent: { isComposing: boolean; keyCode: number };
};

/** Whether the key sends the text: Enter, unless it starts a new line or belongs to an input method. */
export function sends({ key, shiftKey, altKey, nativeEvent }: Key): boolean {
  return key === "Enter" && !shiftKey && !altKey && !composes(nativeEvent);
}
