// What a user does with models that are not here yet.
import * as api from "../transport/api";
import { putDownload, putSettings, useCache } from "../transport/cache";
import { attempt } from "../ui/notify";
import { t } from "../strings";

export const active = (d: api.Download | undefined): boolean =>
  d !== undefined && ["queued", "running", "waiting", "verifying", "paused"].includes(d.state);

/** Queues a download. Answers whether it was taken. */
export const pull = (ref: string): Promise<boolean> =>
  attempt(t.models.getFailed, async () => {
    const before = useCache.getState().downloads[ref];
    const queued = await api.pull(ref);
    // Its events may have come before this answer, and are newer.
    const known = useCache.getState().downloads[queued.ref];
    if (!known || known === before) putDownload(queued);
  });

export const setNetwork = (networkAllowed: boolean): Promise<boolean> =>
  attempt(t.settings.failed, async () => putSettings(await api.saveSettings({ ...useCache.getState().settings, networkAllowed })));

/** The download of a model, by any of the names it may have been asked for with. */
export const downloadOf = (downloads: Record<string, api.Download>, refs: readonly string[]): api.Download | undefined => {
  const ref = refs.find((r) => active(downloads[r]) || downloads[r]?.state === "failed");
  return ref === undefined ? undefined : downloads[ref];
};
