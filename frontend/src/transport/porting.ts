// Chats that come in from other programs, and go out.
import * as bound from "../wailsjs/go/app/App";
import type { porting as ported } from "../wailsjs/go/models";
import type { Exported } from "./documents";

export type ImportState = "new" | "known" | "grown" | "deleted" | "empty" | "failed";
export type ImportEntry = Omit<ported.Entry, "state"> & { state: ImportState };
export type ImportReceipt = Omit<ported.Receipt, "entries"> & { entries: ImportEntry[] };
export type ExportFormat = "markdown" | "json" | "pdf" | "jsonl";

const list = <T>(items: T[] | null | undefined): T[] => items ?? [];
const asReceipt = (r: ported.Receipt): ImportReceipt =>
  ({ ...r, files: list(r.files), problems: list(r.problems), skipped: list(r.skipped), entries: list(r.entries).map((e) => ({ ...e, notes: list(e.notes) })) }) as ImportReceipt;

export const previewImport = async (paths: string[]): Promise<ImportReceipt> => asReceipt(await bound.PreviewImport(paths));
export const importChats = async (paths: string[]): Promise<ImportReceipt> => asReceipt(await bound.ImportChats(paths));
export const imports = async (): Promise<ImportReceipt[]> => list(await bound.Imports()).map(asReceipt);
export const undoImport = async (id: string): Promise<ported.Undone> => {
  const u = await bound.UndoImport(id);
  return { ...u, stayed: list(u.stayed), chats: list(u.chats) } as ported.Undone;
};
/** ids: none means all. */
export const exportChats = (ids: readonly string[], format: ExportFormat, more: { whole?: boolean; skipFailed?: boolean } = {}): Promise<Exported> =>
  bound.ExportChats([...ids], { format, whole: false, skipFailed: format === "jsonl", ...more } as ported.Options);
