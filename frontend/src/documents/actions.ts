// What a user does with documents: calls the program, puts the result into the cache.
import { toast } from "sonner";
import * as api from "../transport/api";
import { dropCollection, dropDocuments, putChat, putCollection, putDocuments, useCache } from "../transport/cache";
import { attempt, notify, notifyFailure } from "../ui/notify";
import { go } from "../ui/route";
import { t } from "../strings";
import { closeReader, setPending, useView } from "../ui/view";

/** What a chat answers from; "" is the chat that does not exist yet. */
export function sourcesOf(chatId: string): api.Sources {
  const chat = useCache.getState().opened[chatId];
  return (chatId ? chat?.sources : useView.getState().pending.sources) ?? api.noSources;
}

export function useSources(chatId: string): api.Sources {
  const kept = useCache((cache) => cache.opened[chatId]?.sources);
  const pending = useView((view) => view.pending.sources);
  return (chatId ? kept : pending) ?? api.noSources;
}

export async function setSources(chatId: string, sources: api.Sources): Promise<boolean> {
  if (!chatId) return setPending({ sources }), true;
  return attempt(t.sources.failed, async () => {
    const kept = await api.setChatSources(chatId, sources);
    const chat = useCache.getState().opened[chatId];
    if (chat) putChat({ ...chat, sources: kept });
  });
}

const joined = (a: readonly string[], b: readonly string[]): string[] => [...new Set([...a, ...b])];

export function attach(chatId: string, documents: readonly string[], collections: readonly string[] = []): Promise<boolean> {
  const before = sourcesOf(chatId);
  return setSources(chatId, { ...before, documents: joined(before.documents, documents), collections: joined(before.collections, collections) });
}

/** Begins a chat that answers from these. */
export function askAbout(documents: readonly string[], collections: readonly string[] = []): void {
  setPending({ sources: { ...api.noSources, documents: [...documents], collections: [...collections] } });
  go({ page: "chat", id: "" });
}

/** Where files go that were added: into a chat, into a collection, or only into the library. */
export interface Goal {
  chat?: string;
  collection?: string;
}

async function add(paths: string[], goal: Goal): Promise<void> {
  const before = useCache.getState().documents;
  const docs = await api.addDocuments(paths, goal.collection ?? "");
  const known = docs.filter((d) => before[d.id]?.state === "ready").length;
  putDocuments(docs);
  if (docs.length === 0) return void notify(t.documents.nothingAdded);
  if (goal.chat !== undefined) {
    const had = sourcesOf(goal.chat).documents.length;
    if (!(await attach(goal.chat, docs.map((d) => d.id)))) return;
    const more = sourcesOf(goal.chat).documents.length - had;
    if (more > 0) notify(t.documents.attached(more));
    return;
  }
  const collection = useCache.getState().collections.find((c) => c.id === goal.collection);
  if (collection) notify(t.documents.addedTo(docs.length, collection.name));
  else notify(known === docs.length ? t.documents.knownAlready(known) : t.documents.added(docs.length - known));
}

export const addPaths = (paths: string[], goal: Goal): Promise<boolean> => attempt(t.documents.addFailed, () => add(paths, goal));

/** Browser: the files are handed over first. */
export async function addFiles(files: readonly File[], goal: Goal): Promise<void> {
  if (files.length === 0) return void notify(t.documents.nothingAdded);
  const note = toast.loading(t.documents.adding(files.length));
  try {
    const paths = await api.uploadFiles(files, (done) => toast.loading(t.drop.uploading(done, files.length), { id: note }));
    await add(paths, goal);
  } catch (e) {
    notifyFailure(t.documents.addFailed, e);
  } finally {
    toast.dismiss(note);
  }
}

const undoable = 8000; // ms

/** Documents leave the list at once and the disk once that can no longer be undone. */
export function remove(docs: readonly api.Doc[]): void {
  const ids = docs.map((d) => d.id);
  const hidden = (leaving: readonly string[]) => leaving.filter((id) => !ids.includes(id));
  useView.setState(({ leaving }) => ({ leaving: [...leaving, ...ids] }));
  closeReader();
  let over = false;
  const finish = () => {
    if (over) return;
    over = true;
    removeEventListener("pagehide", finish);
    void attempt(t.documents.failedTo, async () => {
      await api.removeDocuments(ids);
      dropDocuments(ids);
    }).then(() => useView.setState(({ leaving }) => ({ leaving: hidden(leaving) })));
  };
  addEventListener("pagehide", finish);
  toast(t.documents.removed(docs.length, docs[0]!.name), {
    duration: undoable,
    onAutoClose: finish,
    onDismiss: finish,
    action: {
      label: t.common.undo,
      onClick: () => {
        over = true;
        removeEventListener("pagehide", finish);
        useView.setState(({ leaving }) => ({ leaving: hidden(leaving) }));
      },
    },
  });
}

export const pause = (id: string) => attempt(t.documents.failedTo, () => api.pauseDocument(id));
export const resume = (id: string) => attempt(t.documents.failedTo, () => api.resumeDocument(id));
export const retry = (id: string) => attempt(t.documents.failedTo, () => api.retryDocument(id));

export async function createCollection(name: string, folder: string): Promise<boolean> {
  return attempt(t.documents.failedTo, async () => {
    const made = await api.createCollection(name, folder);
    putCollection(made);
    go({ page: "documents", collection: made.id });
  });
}

export const renameCollection = (id: string, name: string) => attempt(t.documents.failedTo, async () => putCollection(await api.renameCollection(id, name)));

export async function deleteCollection(id: string): Promise<void> {
  const done = await attempt(t.documents.failedTo, () => api.deleteCollection(id));
  if (!done) return;
  dropCollection(id);
  go({ page: "documents" });
}

export function setMember(doc: api.Doc, collection: string, member: boolean): Promise<boolean> {
  const inside = Object.values(useCache.getState().documents).filter((d) => d.collections.includes(collection)).map((d) => d.id);
  const ids = member ? joined(inside, [doc.id]) : inside.filter((id) => id !== doc.id);
  return attempt(t.documents.failedTo, async () => {
    await api.setCollectionDocuments(collection, ids);
    const documents = useCache.getState().documents[doc.id] ?? doc;
    putDocuments([{ ...documents, collections: member ? joined(documents.collections, [collection]) : documents.collections.filter((c) => c !== collection) }]);
  });
}

/** Saves an answer: the window says where, the browser downloads it. */
export const exportAnswer = (chatId: string, messageId: string, format: "md" | "pdf") =>
  attempt(t.evidence.exportFailed, async () => {
    const file = await api.exportAnswer(chatId, messageId, format);
    if (file.path) return void notify(t.evidence.exported(file.path));
    if (!file.data) return; // the user thought better of it
    const bytes = Uint8Array.from(atob(file.data), (c) => c.charCodeAt(0));
    const url = URL.createObjectURL(new Blob([bytes], { type: file.type }));
    const link = document.createElement("a");
    link.href = url;
    link.download = file.name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  });
