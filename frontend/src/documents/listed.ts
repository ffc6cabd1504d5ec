import type { Doc } from "../transport/api";

interface Filter {
  query: string;
  /** Id of the only collection that is shown; "" or none: all. */
  collection?: string;
  leaving: readonly string[];
}

/** The documents to show, the newest first. */
export function listed(documents: Readonly<Record<string, Doc>>, { query, collection, leaving }: Filter): Doc[] {
  const words = query.trim().toLowerCase();
  return Object.values(documents)
    .filter((d) => (!collection || d.collections.includes(collection)) && !leaving.includes(d.id) && (words === "" || `${d.name} ${d.title}`.toLowerCase().includes(words)))
    .sort((a, b) => b.addedAt - a.addedAt || a.name.localeCompare(b.name) || (a.id < b.id ? -1 : 1));
}
