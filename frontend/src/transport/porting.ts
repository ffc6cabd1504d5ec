// Chats that come in from other programs, and go out; the library as one file.
import * as bound from "../wailsjs/go/app/App";
import type { app, porting as ported } from "../wailsjs/go/models";
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

// The whole library as one file.
export type BackupModel = { ref: string; name: string; digest: string; size: number; source: string; included: boolean };
export type BackupInfo = Omit<app.BackupInfo, "models"> & { models: BackupModel[] };
export type BackupDone = BackupInfo & { fetch: string };
export type BackupOptions = { weights: boolean; tokens: boolean };
export type Notice = app.Notice;
export type PortingEvent = { job: "import" | "export" | "preview" | "backup" | "restore" | "check"; state: string; done: number; total: number };

const asInfo = <T extends app.BackupInfo>(i: T) => ({ ...i, models: list(i.models as unknown as BackupModel[] | null) });

/** In the window the user says where; without a path she thought better of it. */
export const writeBackup = async (options: BackupOptions): Promise<BackupDone> => asInfo(await bound.WriteBackup(options as app.BackupOptions)) as unknown as BackupDone;
export const lookAtBackup = async (path: string): Promise<BackupInfo> => asInfo(await bound.LookAtBackup(path));
export const stageRestore = async (path: string): Promise<BackupInfo> => asInfo(await bound.StageRestore(path));
export const cancelRestore = (): Promise<void> => bound.CancelRestore();
export const restoreWaits = (): Promise<boolean> => bound.RestoreWaits();
export const missingModels = async (): Promise<BackupModel[]> => list((await bound.MissingModels()) as unknown as BackupModel[] | null);
export const notices = async (): Promise<Notice[]> => list(await bound.Notices());
export const forgetNotices = (): Promise<void> => bound.ForgetNotices();
