// Which page is shown: kept in the address after #, so that a browser's back
// button and reload work, and the window needs nothing special.
import { useSyncExternalStore } from "react";

export type Route =
  | { page: "chat"; id: string }
  /** collection is the id of the one that is shown; "" or none: all documents. */
  | { page: "documents"; collection?: string }
  /** Looks through all messages. */
  | { page: "search"; query: string }
  /** What goes on. */
  | { page: "activity" }
  | { page: "models" }
  | { page: "machine" }
  | { page: "network" }
  | { page: "settings" };
export type PageName = Route["page"];

export function parse(hash: string): Route {
  const [page, id = ""] = hash.replace(/^#\/?/, "").split("/");
  if (page === "activity" || page === "models" || page === "machine" || page === "network" || page === "settings") return { page };
  if (page === "search") return { page, query: decode(id) };
  if (page === "documents") return { page, collection: decode(id) };
  return { page: "chat", id: page === "chat" ? decode(id) : "" };
}

function decode(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return "";
  }
}

export function href(r: Route): string {
  if (r.page === "chat") return r.id ? `#/chat/${encodeURIComponent(r.id)}` : "#/";
  if (r.page === "search") return r.query ? `#/search/${encodeURIComponent(r.query)}` : "#/search";
  return r.page === "documents" && r.collection ? `#/documents/${encodeURIComponent(r.collection)}` : `#/${r.page}`;
}

export function go(r: Route): void {
  location.hash = href(r);
}

function subscribe(changed: () => void): () => void {
  addEventListener("hashchange", changed);
  return () => removeEventListener("hashchange", changed);
}

export function useRoute(): Route {
  return parse(useSyncExternalStore(subscribe, () => location.hash));
}
