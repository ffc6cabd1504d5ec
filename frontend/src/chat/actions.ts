// What a user does in chats: calls the program, puts the result into the cache.
import * as api from "../transport/api";
import { putChat, putMessage, putSummary, useCache } from "../transport/cache";
import type { Cache } from "../transport/reduce";
import { attempt, notify, notifyFailure } from "../ui/notify";
import { go, parse } from "../ui/route";
import { t } from "../strings";
import { clearPending, setDraft, useView } from "../ui/view";

/** The models that write; the others make vectors or scores of texts. */
export const writers = (models: readonly api.Model[]): api.Model[] => models.filter((m) => !m.embeds);

/** The model that a chat that does not exist yet would get. */
export function modelForNewChat({ models, settings }: Pick<Cache, "models" | "settings">, pending?: string): string {
  const able = writers(models).filter((m) => !m.problem);
  const usable = (ref: string | undefined) => able.find((m) => m.ref === ref)?.ref;
  return usable(pending) ?? usable(settings.defaultModel) ?? able[0]?.ref ?? "";
}

export async function createChat(): Promise<string> {
  const { pending } = useView.getState();
  const model = modelForNewChat(useCache.getState(), pending.model);
  const chat = await (pending.temporary ? api.newTemporaryChat(model) : api.newChat(model));
  if (pending.folder) await api.arrangeChats([chat.id], { folder: pending.folder });
  if (pending.system !== undefined) await api.setChatSystem(chat.id, pending.system);
  if (pending.sampling) await api.setChatSampling(chat.id, pending.sampling);
  const sources = pending.sources ? await api.setChatSources(chat.id, pending.sources) : chat.sources;
  putChat({ ...chat, folder: pending.folder ?? "", system: pending.system ?? chat.system, sampling: pending.sampling ?? chat.sampling, sources });
  return chat.id;
}

/** Shows messages that a call returned; their branch becomes the one that is shown. */
export function put(messages: readonly api.Message[]): void {
  for (const m of messages) putMessage(m);
  const last = messages.at(-1);
  const chat = last && useCache.getState().opened[last.chatId];
  if (chat) putChat({ ...useCache.getState().opened[chat.id]!, leaf: last.id });
}

/** Sends the text in a chat, or in a new one if chatId is "". On failure the text goes back into the draft. */
export async function send(chatId: string, text: string): Promise<void> {
  setDraft(chatId, "");
  let id = chatId;
  try {
    if (!id) {
      id = await createChat();
      const here = parse(location.hash);
      clearPending();
      if (here.page === "chat" && here.id === "") go({ page: "chat", id });
    }
    put(await api.send(id, useCache.getState().opened[id]?.leaf ?? "", text));
  } catch (e) {
    if (!useView.getState().drafts[id]) setDraft(id, text);
    notifyFailure(t.composer.failed, e);
  }
}

export const regenerate = (m: api.Message): Promise<boolean> =>
  attempt(t.chat.failed, async () => put([await api.regenerate(m.chatId, m.id)]));

export const editMessage = (m: api.Message, text: string): Promise<boolean> =>
  attempt(t.composer.failed, async () => put(await api.editMessage(m.chatId, m.id, text)));

export const showBranch = (chatId: string, messageId: string): Promise<boolean> =>
  attempt(t.chat.openFailed, async () => putChat(await api.selectBranch(chatId, messageId)));

export const stop = (chatId: string): Promise<boolean> => attempt(t.chat.failed, () => api.stop(chatId));

export const rename = (id: string, title: string): Promise<boolean> =>
  attempt(t.settings.failed, async () => putSummary(await api.renameChat(id, title)));

export const copyChat = (id: string): Promise<boolean> =>
  attempt(t.settings.failed, async () => {
    await api.copyText(await api.exportChat(id, "markdown"));
    notify(t.sidebar.copiedMarkdown);
  });

export async function setModel(chatId: string, ref: string): Promise<void> {
  if (!chatId) useView.setState(({ pending }) => ({ pending: { ...pending, model: ref } }));
  else await attempt(t.picker.failed, async () => putSummary(await api.setChatModel(chatId, ref)));
}
