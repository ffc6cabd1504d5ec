// Files and pictures that are pasted become documents of the chat.
import { addFiles, addPaths } from "../documents/actions";
import * as api from "../transport/api";
import { useCache } from "../transport/cache";
import { attempt, notify } from "../ui/notify";
import { isModelFile } from "../models/AddModel";
import { t } from "../strings";

/** What of a clipboard is files. Office programs add a picture of their text: then the text is meant. */
export function pastedFiles(data: Pick<DataTransfer, "files" | "getData"> | null, now = new Date()): File[] {
  if (!data || data.files.length === 0) return [];
  if (data.getData("text/plain").trim() !== "") return [];
  const stamp = now.toLocaleString("sv-SE").replace(/:/g, ".");
  // A picture out of a clipboard is always called image.png.
  return [...data.files].map((f) => (/^image\.\w+$/.test(f.name) ? new File([f], `${t.palette.pasted} ${stamp}.${f.name.split(".").at(-1)}`, { type: f.type }) : f));
}

export async function addPasted(files: readonly File[], chatId: string): Promise<void> {
  const texts = files.filter((f) => !isModelFile(f.name));
  if (texts.length < files.length) notify(t.drop.browserModel);
  if (texts.length === 0) return;
  if (useCache.getState().about.face === "browser") return addFiles(texts, { chat: chatId });
  const paths: string[] = [];
  const done = await attempt(t.documents.addFailed, async () => {
    for (const f of texts) paths.push(await api.keepFile(f));
  });
  if (done) await addPaths(paths, { chat: chatId });
}
