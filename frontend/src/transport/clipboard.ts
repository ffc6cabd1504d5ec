// Reads the clipboard, which happens only when somebody asks for it.
import { ClipboardGetText } from "../wailsjs/runtime/runtime";

export async function clipboardText(): Promise<string> {
  const w = window as unknown as { runtime?: { ClipboardGetText?: unknown } };
  return w.runtime?.ClipboardGetText ? ClipboardGetText() : navigator.clipboard.readText();
}
