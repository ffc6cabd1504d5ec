// Where a chat begins.
import { go } from "../ui/route";
import { keysOf, shown } from "../ui/shortcuts";
import { setPending, sidebarUsed } from "../ui/view";

/** Browsers keep Ctrl+N for themselves. */
export const newChatKeys = (browser: boolean): string => shown(keysOf("newChat")[browser ? 0 : 1]!);

/** Shows the page of a chat that does not exist yet, in a folder or as a temporary one. */
export function newChat({ folder = "", temporary = false }: { folder?: string; temporary?: boolean } = {}): void {
  setPending({ folder, temporary });
  go({ page: "chat", id: "" });
  sidebarUsed();
  requestAnimationFrame(() => document.querySelector<HTMLTextAreaElement>("#composer")?.focus());
}
