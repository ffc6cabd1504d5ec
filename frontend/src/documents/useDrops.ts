// Files dropped anywhere on the window: models are imported, chats and backups of
// Freehold looked at, everything else is read, and answered from if it was dropped
// on a chat.
import { useEffect, useState } from "react";
import { importFiles, isModelFile } from "../models/AddModel";
import * as api from "../transport/api";
import { useCache } from "../transport/cache";
import { handOver, isOwnFile } from "../settings/handed";
import { guardDrops } from "../ui/guards";
import { attempt, notify } from "../ui/notify";
import { go, parse } from "../ui/route";
import { t } from "../strings";
import { addFiles, addPaths, type Goal } from "./actions";
import { filesOf } from "./dropped";

/** Where what is dropped now would go. */
export function goalHere(): Goal {
  const route = parse(location.hash);
  if (route.page === "chat") return { chat: route.id };
  const collection = route.page === "documents" && useCache.getState().collections.find((c) => c.id === route.collection);
  return collection && !collection.folder ? { collection: collection.id } : {};
}

function here(): Goal {
  const goal = goalHere();
  if (goal.chat === undefined && parse(location.hash).page !== "documents") go({ page: "documents" });
  return goal;
}

function droppedPaths(paths: readonly string[]): void {
  const models = paths.filter(isModelFile);
  const own = paths.filter(isOwnFile);
  const others = paths.filter((p) => !isModelFile(p) && !isOwnFile(p));
  if (others.length > 0) void addPaths(others, here());
  if (own.length > 0) handOver(own);
  if (models.length === 0) return;
  if (own.length + others.length === 0) go({ page: "models" });
  void importFiles(models);
}

async function droppedFiles(data: DataTransfer | null): Promise<void> {
  const files = await filesOf(data);
  const own = files.filter((f) => isOwnFile(f.name));
  if (own.length > 0) void attempt(t.data.importFailed, async () => handOver(await api.uploadFiles(own)));
  const others = files.filter((f) => !isModelFile(f.name) && !isOwnFile(f.name));
  if (others.length > 0) return addFiles(others, here());
  if (own.length > 0) return;
  if (files.length === 0) return;
  go({ page: "models" });
  notify(t.drop.browserModel);
}

/** In the window the program tells the paths of dropped files; a browser knows only their names. Answers whether files hover. */
export function useDrops(): boolean {
  const face = useCache((cache) => cache.about.face);
  const [over, setOver] = useState(false);
  useEffect(() => guardDrops(setOver, (data) => face === "browser" && void droppedFiles(data)), [face]);
  useEffect(() => api.on("filesDropped", ({ paths }) => droppedPaths(paths ?? [])), []);
  return over;
}
