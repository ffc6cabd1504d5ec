// Tells by the desktop that long work has ended, when nobody was looking. What was
// asked and answered is not told: others may see the screen.
import { useEffect } from "react";
import { unfinished } from "../documents/SourceChips";
import * as api from "../transport/api";
import { useCache } from "../transport/cache";
import { t } from "../strings";

const long = 10_000; // ms

/** Whether work that began then is worth telling of. */
export const worthTelling = (began: number | undefined, now: number, watched: boolean): boolean => began !== undefined && !watched && now - began >= long;

const tell = (text: string) => void api.notifyDesktop(t.name, text).catch(() => {}); // without it nothing is lost

export function useLongWork(): void {
  const desktop = useCache((cache) => cache.about.face === "desktop");
  useEffect(() => {
    if (!desktop) return;
    const began = new Map<string, number>();
    let reading = 0; // since when documents are read; 0: none are
    const ended = (key: string) => {
      const since = began.get(key);
      began.delete(key);
      return worthTelling(since, Date.now(), document.hasFocus());
    };
    const ends = [
      api.on("message", (m) => {
        if (m.role !== "assistant") return;
        if (m.status === "streaming") began.set(m.id, began.get(m.id) ?? Date.now());
        else if (ended(m.id)) tell(m.status === "error" ? t.alerts.answerFailed : t.alerts.answer);
      }),
      api.on("download", (d) => {
        if (d.state === "running" || d.state === "verifying") began.set(d.ref, began.get(d.ref) ?? Date.now());
        else if ((d.state === "done" || d.state === "failed") && ended(d.ref)) tell(d.state === "done" ? t.downloads.ready(d.name) : t.alerts.downloadFailed(d.name));
      }),
      useCache.subscribe(({ documents }, before) => {
        if (documents === before.documents) return;
        const left = Object.values(documents).filter(unfinished).length;
        if (left > 0) reading ||= Date.now();
        else {
          if (worthTelling(reading || undefined, Date.now(), document.hasFocus())) tell(t.alerts.documents);
          reading = 0;
        }
      }),
    ];
    return () => ends.forEach((end) => end());
  }, [desktop]);
}
