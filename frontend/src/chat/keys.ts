// Keys in text fields.
import type { KeyboardEvent } from "react";

type Key = Pick<KeyboardEvent, "key" | "shiftKey" | "altKey" | "ctrlKey" | "metaKey"> & {
  nativeEvent: { isComposing: boolean; keyCode: number };
};

const composing = 229; // WebKit reports the Enter that ends a composition with this code and isComposing false

/** Whether the key sends the text: Enter, unless it starts a new line or belongs to an input method. */
export function sends({ key, shiftKey, altKey, nativeEvent }: Key): boolean {
  return key === "Enter" && !shiftKey && !altKey && !nativeEvent.isComposing && nativeEvent.keyCode !== composing;
}
