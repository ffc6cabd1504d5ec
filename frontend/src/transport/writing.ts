// What the program keeps of what is being written: drafts, messages that wait,
// presets; typed.
import * as bound from "../wailsjs/go/app/App";
import type { chat, preset } from "../wailsjs/go/models";
import { asSources, type Exported, type Sources } from "./documents";

export type Draft = chat.Draft;
export type Queued = chat.Queued;
/** Why a queue is not sent by itself; "": it is. */
export type Hold = "" | "user" | "stopped" | "error" | "restart";
export type Queue = Omit<chat.Queue, "items" | "held"> & { items: Queued[]; held: Hold };
export type Preset = Omit<preset.Preset, "sampling" | "sources" | "examples"> & { sampling: chat.Sampling | null; sources: Sources; examples: string[] };

export const asQueue = (q: chat.Queue): Queue => ({ ...q, items: q.items ?? [], held: q.held as Hold });
export const asPreset = (p: preset.Preset): Preset => ({
  ...p,
  sampling: p.sampling ? { ...p.sampling, stop: p.sampling.stop ?? [] } : null,
  sources: asSources(p.sources),
  examples: p.examples ?? [],
});

export const drafts = async (): Promise<Draft[]> => (await bound.Drafts()) ?? [];
export const saveDraft = (d: Draft): Promise<Draft> => bound.SaveDraft(d);

export const queues = async (): Promise<Queue[]> => ((await bound.Queues()) ?? []).map(asQueue);
export const enqueue = async (chatId: string, text: string, at = -1): Promise<Queue> => asQueue(await bound.Enqueue(chatId, text, at));
export const editQueued = async (chatId: string, id: string, text: string): Promise<Queue> => asQueue(await bound.EditQueued(chatId, id, text));
export const removeQueued = async (chatId: string, id: string): Promise<Queue> => asQueue(await bound.RemoveQueued(chatId, id));
export const moveQueued = async (chatId: string, id: string, to: number): Promise<Queue> => asQueue(await bound.MoveQueued(chatId, id, to));
export const holdQueue = async (chatId: string, held: boolean): Promise<Queue> => asQueue(await bound.HoldQueue(chatId, held));
export const sendQueued = async (chatId: string, id: string): Promise<Queue> => asQueue(await bound.SendQueued(chatId, id));

export const presets = async (): Promise<Preset[]> => ((await bound.Presets()) ?? []).map(asPreset);
export const savePreset = async (p: Preset): Promise<Preset> => asPreset(await bound.SavePreset(p as unknown as preset.Preset));
export const deletePreset = (id: string): Promise<void> => bound.DeletePreset(id);
export const restorePreset = async (id: string): Promise<Preset> => asPreset(await bound.RestorePreset(id));
export const exportPresets = (ids: string[]): Promise<Exported> => bound.ExportPresets(ids);
export const importPresets = async (text: string): Promise<Preset[]> => ((await bound.ImportPresets(text)) ?? []).map(asPreset);

/** Makes a chat with copies of all messages up to the given one, and answers with its id. */
export const copyBranch = async (chatId: string, messageId: string): Promise<string> => (await bound.ForkChat(chatId, messageId)).id;

/** Window only: hands a pasted file over, and answers where the program keeps it. */
export async function keepFile(file: File): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return bound.KeepFile(file.name, btoa(text));
}
