// What of the list of chats is chosen, closed and filtered: of this page alone.
import { create } from "zustand";
import { between, noFilter, type Filter } from "./list";

interface Listing {
  filter: Filter;
  /** Null: nothing is being selected. */
  selected: ReadonlySet<string> | null;
  /** From where Shift selects. */
  anchor: string;
  /** Folders that are folded. */
  closed: ReadonlySet<string>;
}

export const useListing = create<Listing>(() => ({ filter: noFilter, selected: null, anchor: "", closed: new Set() }));

export const setFilter = (filter: Filter) => useListing.setState({ filter, selected: null });
export const endSelection = () => useListing.setState({ selected: null, anchor: "" });
export const selectAll = (ids: readonly string[]) => useListing.setState({ selected: new Set(ids) });

export function toggleSelected(id: string): void {
  useListing.setState(({ selected }) => {
    const next = new Set(selected);
    if (!next.delete(id)) next.add(id);
    return { selected: next, anchor: id };
  });
}

/** Adds everything from the last chosen chat to this one, in the order that is shown. */
export function selectTo(id: string, order: readonly string[]): void {
  useListing.setState(({ selected, anchor }) => ({ selected: new Set([...(selected ?? []), ...between(order, anchor, id)]), anchor: anchor || id }));
}

export function toggleFolder(id: string): void {
  useListing.setState(({ closed }) => {
    const next = new Set(closed);
    if (!next.delete(id)) next.add(id);
    return { closed: next };
  });
}
