// What a user does with presets.
import { create } from "zustand";
import { modelForNewChat, send, writers } from "../chat/actions";
import { fieldHere } from "../chat/lastOf";
import { saveFile } from "./files";
import * as api from "../transport/api";
import { dropPreset, putChat, putPreset, putSummary, useCache } from "../transport/cache";
import { attempt, notify, notifyAction } from "../ui/notify";
import { go } from "../ui/route";
import { speaking, t } from "../strings";
import { setDraft, setPending, useView } from "../ui/view";
import { emptyPreset, isBuiltin } from "./listed";
import { asked, fill, partsOf } from "./variables";

/** Instructions may tell the date; nobody is asked for anything there. */
const systemOf = (p: api.Preset): string => fill(partsOf(p.system), {}, new Date(), speaking());

/** Documents and collections that are still there. */
function sourcesOf(p: api.Preset): api.Sources {
  const { documents, collections } = useCache.getState();
  return { ...p.sources, documents: p.sources.documents.filter((id) => documents[id]), collections: p.sources.collections.filter((id) => collections.some((c) => c.id === id)) };
}

const usable = (ref: string): string | undefined => writers(useCache.getState().models).find((m) => m.ref === ref && !m.problem)?.ref;

/** The chat that does not exist yet will begin with it. */
function choose(p: api.Preset): void {
  setPending({ preset: p, system: p.system ? systemOf(p) : undefined, model: usable(p.model), sampling: p.sampling ?? undefined, sources: api.hasSources(p.sources) ? sourcesOf(p) : undefined });
}

/** Shows the chat that does not exist yet, which will begin with it. */
export function begin(p: api.Preset): void {
  choose(p);
  go({ page: "chat", id: "" });
  requestAnimationFrame(() => document.querySelector<HTMLTextAreaElement>("#composer")?.focus());
}

export const dropChosen = (): void => setPending({ preset: undefined, system: undefined, model: undefined, sampling: undefined, sources: undefined });

/** Gives a chat what the preset says, and leaves the rest. */
export async function applyTo(chatId: string, p: api.Preset): Promise<void> {
  if (!chatId) return choose(p);
  const done = await attempt(t.presets.failed, async () => {
    const model = usable(p.model);
    if (p.system) await api.setChatSystem(chatId, systemOf(p));
    if (p.sampling) await api.setChatSampling(chatId, p.sampling);
    if (api.hasSources(p.sources)) await api.setChatSources(chatId, sourcesOf(p));
    if (model) putSummary(await api.setChatModel(chatId, model));
    putChat(await api.chat(chatId));
  });
  if (done) notify(t.presets.applied(p.name));
}

export const save = (p: api.Preset): Promise<boolean> => attempt(t.presets.failed, async () => putPreset(await api.savePreset(p)));

export const duplicate = (p: api.Preset): Promise<boolean> => save({ ...p, id: "", createdAt: 0, hidden: false, command: "", name: t.presets.copyName(p.name) });

/** Built-in presets cannot be deleted, but hidden. */
export async function hide(p: api.Preset, hidden: boolean): Promise<void> {
  if (hidden || !isBuiltin(p)) return void (await save(isBuiltin(p) ? { ...emptyPreset, id: p.id, hidden } : { ...p, hidden }));
  await attempt(t.presets.failed, async () => {
    await api.deletePreset(p.id);
    dropPreset(p.id);
  });
}

export async function remove(p: api.Preset): Promise<void> {
  const done = await attempt(t.presets.failed, async () => {
    await api.deletePreset(p.id);
    dropPreset(p.id);
  });
  if (done) notifyAction(t.presets.removed(p.name), t.common.undo, () => void attempt(t.presets.failed, async () => putPreset(await api.restorePreset(p.id))));
}

export const exportPresets = (ids: string[]): Promise<boolean> =>
  attempt(t.presets.exportFailed, async () => {
    const path = saveFile(await api.exportPresets(ids));
    if (path) notify(t.presets.exported(path));
  });

export const importPresets = (file: File): Promise<boolean> =>
  attempt(t.presets.importFailed, async () => {
    const all = await api.importPresets(await file.text());
    all.forEach(putPreset);
    notify(t.presets.imported(all.length));
  });

/** A prompt whose variables are being asked for. */
export interface Asking {
  chatId: string;
  preset: api.Preset;
  values: Record<string, string>;
}

export const useAsking = create<{ now: Asking | null }>(() => ({ now: null }));
export const endAsking = () => useAsking.setState({ now: null });

/** Writes a preset's prompt into the message field, or asks first for what it needs. rest is what stood behind its command. */
export function usePrompt(chatId: string, p: api.Preset, rest: string, selection: string): void {
  const parts = partsOf(p.prompt);
  const wanted = asked(parts);
  const first = wanted.find((v) => v.kind === "selection") ?? wanted.find((v) => v.kind === "input");
  if (wanted.length === 0) {
    const text = fill(parts, {}, new Date(), speaking());
    return put(chatId, rest ? `${text}\n\n${rest}` : text);
  }
  const values: Record<string, string> = selection && wanted.some((v) => v.kind === "selection") ? { selection } : {};
  if (rest && first) {
    const input = wanted.find((v) => v.kind === "input");
    const key = selection && input?.kind === "input" ? `input:${input.name}` : first.kind === "input" ? `input:${first.name}` : first.kind;
    values[key] = rest;
  }
  setDraft(chatId, "");
  useAsking.setState({ now: { chatId, preset: p, values } });
}

/** Puts text into the message field, and the cursor behind it. */
export function put(chatId: string, text: string): void {
  setDraft(chatId, text);
  requestAnimationFrame(() => {
    const field = fieldHere();
    field?.focus();
    field?.setSelectionRange(field.value.length, field.value.length);
  });
}

/** Sends text in a chat that is not being answered; else it becomes the draft. */
export function sendOrPut(chatId: string, text: string): void {
  const { opened, models, settings } = useCache.getState();
  const chat = opened[chatId];
  if (chat?.generating || (!chat && !modelForNewChat({ models, settings }, useView.getState().pending.model))) return put(chatId, text);
  void send(chatId, text);
}
