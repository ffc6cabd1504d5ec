// The size of the interface. Everything is measured in rem, so the size of the
// root's letters is the size of all.
import { useEffect } from "react";
import * as api from "../transport/api";
import { putSettings, useCache } from "../transport/cache";
import { attempt } from "./notify";
import { t } from "../strings";

export const sizes = [75, 90, 100, 110, 125, 150, 175, 200] as const;

/** The size one step larger or smaller; 0 is the usual one. */
export function nextSize(zoom: number, step: number): number {
  const now = zoom || 100;
  const next = step > 0 ? sizes.find((s) => s > now) : sizes.findLast((s) => s < now);
  return next ?? now;
}

const set = (zoom: number): Promise<boolean> =>
  attempt(t.settings.failed, async () => putSettings(await api.saveSettings({ ...useCache.getState().settings, zoom: zoom === 100 ? 0 : zoom })));

/** Draws in that size; in the window Ctrl with plus, minus and 0 changes it, as browsers do by themselves. */
export function useZoom(): void {
  const zoom = useCache((cache) => cache.settings.zoom);
  const desktop = useCache((cache) => cache.about.face === "desktop");
  useEffect(() => {
    document.documentElement.style.fontSize = zoom && zoom !== 100 ? `${zoom}%` : "";
  }, [zoom]);
  useEffect(() => {
    if (!desktop) return;
    const down = (e: KeyboardEvent) => {
      if (!(e.ctrlKey || e.metaKey) || e.altKey) return;
      const now = useCache.getState().settings.zoom;
      if (e.key === "+" || e.key === "=") void set(nextSize(now, 1));
      else if (e.key === "-" || e.key === "_") void set(nextSize(now, -1));
      else if (e.key === "0") void set(100);
      else return;
      e.preventDefault();
    };
    addEventListener("keydown", down);
    return () => removeEventListener("keydown", down);
  }, [desktop]);
}
