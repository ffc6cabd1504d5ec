// Freehold's own files, dropped on the window or opened by a double click: chats
// and backups go to the settings, which look at them before anything is done.
import { create } from "zustand";
import { go } from "../ui/route";

interface Handed {
  chats: readonly string[];
  backup: string; // "": none
}

export const useHanded = create<Handed>(() => ({ chats: [], backup: "" }));

const isBackup = (name: string): boolean => /\.freehold-backup$/i.test(name);
export const isOwnFile = (name: string): boolean => isBackup(name) || /\.freehold-chats?$/i.test(name);

/** Of several backups the last is meant; two cannot be restored. */
export function handOver(paths: readonly string[]): void {
  useHanded.setState({ chats: paths.filter((p) => !isBackup(p)), backup: paths.findLast(isBackup) ?? "" });
  go({ page: "settings" });
}
