// The presets: the user's, and those that come along, in the language that is spoken.
import { useMemo } from "react";
import type { Preset } from "../transport/api";
import { noSources } from "../transport/documents";
import { useCache } from "../transport/cache";
import { t } from "../strings";

const looks = {
  summarise: ["summary", "green"],
  translate: ["translate", "blue"],
  explain: ["code", "violet"],
  rewrite: ["rewrite", "rose"],
  table: ["table", "amber"],
} as const;

const prefix = "builtin:";
export const isBuiltin = (p: Preset): boolean => p.id.startsWith(prefix);

export const emptyPreset: Preset = {
  id: "", name: "", about: "", icon: "sparkles", colour: "green", system: "", prompt: "", command: "", model: "", sampling: null, sources: noSources, examples: [], hidden: false, createdAt: 0,
};

/** The built-in ones; a kept preset with such an id says that it is hidden. */
export function builtins(kept: readonly Preset[]): Preset[] {
  return (Object.keys(looks) as (keyof typeof looks)[]).map((key) => {
    const [icon, colour] = looks[key];
    const id = prefix + key;
    return { ...emptyPreset, ...t.presets.builtins[key], id, icon, colour, hidden: kept.some((p) => p.id === id && p.hidden) };
  });
}

/** Those that are to be chosen: the user's first. */
export const listedPresets = (kept: readonly Preset[]): Preset[] => [...kept.filter((p) => !isBuiltin(p)), ...builtins(kept)].filter((p) => !p.hidden);

export function usePresets(): Preset[] {
  const kept = useCache((cache) => cache.presets);
  return useMemo(() => listedPresets(kept), [kept]);
}
