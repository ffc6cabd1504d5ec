// Where a chat begins.
import { go } from "../ui/route";
import { shortcut } from "../ui/shortcut";
import { setPending, sidebarUsed } from "../ui/view";

/** Browsers keep Ctrl+N for themselves. */
export const newChatKeys = (browser: boolean): string => (browser ? shortcut("O", true) : shortcut("N"));

/** Shows the page of a chat that does not exist yet, in a folder or as a temporary one. */
export function newChat({ folder = "", temporary = false }: { folder?: string; temporary?: boolean } = {}): void {
  setPending({ folder, temporary });
  go({ page: "chat", id: "" });
  sidebarUsed();
  requestAnimationFrame(() => document.querySelector<HTMLTextAreaElement>("#composer")?.focus());
}
