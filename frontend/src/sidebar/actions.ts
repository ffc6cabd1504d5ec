// What can be done with chats in the list, one or many; all of it can be undone.
import * as api from "../transport/api";
import { dropChat, dropFolder, putFolder, putSummary, useCache } from "../transport/cache";
import { attempt, notify, notifyAction } from "../ui/notify";
import { go, parse } from "../ui/route";
import { t } from "../strings";

type Chats = readonly api.ChatSummary[];

async function arrange(ids: readonly string[], a: api.Arrangement): Promise<boolean> {
  return attempt(t.organise.failed, async () => (await api.arrangeChats(ids, a)).forEach(putSummary));
}

/** Puts chats back where they stood before, as few calls as there were places. */
async function putBack(before: Chats, of: (c: api.ChatSummary) => api.Arrangement): Promise<void> {
  const byPlace = new Map<string, { a: api.Arrangement; ids: string[] }>();
  for (const c of before) {
    const a = of(c);
    const key = JSON.stringify(a);
    byPlace.set(key, { a, ids: [...(byPlace.get(key)?.ids ?? []), c.id] });
  }
  for (const { a, ids } of byPlace.values()) await arrange(ids, a);
}

const ids = (chats: Chats) => chats.map((c) => c.id);

export const pin = (chats: Chats, pinned: boolean): Promise<boolean> => arrange(ids(chats), { pinned });

export async function archive(chats: Chats, archived: boolean): Promise<void> {
  if (!(await arrange(ids(chats), { archived }))) return;
  const said = archived ? t.organise.archivedMany : t.organise.unarchivedMany;
  notifyAction(said(chats.length), t.common.undo, () => void putBack(chats, (c) => ({ archived: c.archived })));
}

/** folder "" is none. */
export async function moveTo(chats: Chats, folder: string): Promise<void> {
  if (!(await arrange(ids(chats), { folder }))) return;
  const name = useCache.getState().folders.find((f) => f.id === folder)?.name;
  notifyAction(name ? t.organise.moved(chats.length, name) : t.organise.movedOut(chats.length), t.common.undo, () => void putBack(chats, (c) => ({ folder: c.folder })));
}

export const tag = (chats: Chats, name: string, on: boolean): Promise<boolean> => arrange(ids(chats), on ? { addTags: [name] } : { dropTags: [name] });

export async function removeAll(chats: Chats): Promise<void> {
  const shown = parse(location.hash);
  const gone: api.ChatSummary[] = [];
  await attempt(t.organise.failed, async () => {
    for (const c of chats) {
      await api.deleteChat(c.id);
      dropChat(c.id);
      gone.push(c);
    }
  });
  if (gone.length === 0) return;
  const wasShown = shown.page === "chat" ? gone.find((c) => c.id === shown.id) : undefined;
  if (wasShown) go({ page: "chat", id: "" });
  const said = gone.length === 1 ? t.sidebar.removed(gone[0]!.title || t.sidebar.untitled) : t.organise.removedMany(gone.length);
  notifyAction(said, t.common.undo, () => {
    void attempt(t.organise.failed, async () => {
      for (const c of gone) putSummary(await api.restoreChat(c.id));
      if (wasShown) go({ page: "chat", id: wasShown.id });
    });
  });
}

/** Makes a folder; answers with its id, "" if that failed. */
export async function createFolder(name: string): Promise<string> {
  let id = "";
  await attempt(t.organise.failed, async () => {
    const f = await api.createFolder(name);
    putFolder(f);
    id = f.id;
  });
  return id;
}

export const renameFolder = (id: string, name: string): Promise<boolean> => attempt(t.organise.failed, async () => putFolder(await api.renameFolder(id, name)));

export async function deleteFolder(f: api.Folder): Promise<void> {
  const done = await attempt(t.organise.failed, async () => {
    await api.deleteFolder(f.id);
    dropFolder(f.id);
  });
  if (done) notifyAction(t.organise.folderDeleted(f.name), t.common.undo, () => void attempt(t.organise.failed, async () => putFolder(await api.restoreFolder(f.id))));
}

export const keep = (id: string): Promise<boolean> =>
  attempt(t.temporary.failed, async () => {
    putSummary(await api.keepChat(id));
    notify(t.temporary.kept);
  });
