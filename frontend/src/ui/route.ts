// Which page is shown: kept in the address after #, so that a browser's back
// button and reload work, and the window needs nothing special.
import { useSyncExternalStore } from "react";

export type Route =
  /** beside is the chat at the right of it, if there is one. */
  | { page: "chat"; id: string; beside?: string }
  /** collection is the id of the one that is shown; "" or none: all documents. */
  | { page: "documents"; collection?: string }
  /** Looks through all messages. */
  | { page: "search"; query: string }
  /** What goes on. */
  | { page: "activity" }
  | { page: "presets" }
  | { page: "models" }
  | { page: "machine" }
  | { page: "network" }
  | { page: "settings" };
export type PageName = Route["page"];

export function parse(hash: string): Route {
  const [page, id = "", more, other = ""] = hash.replace(/^#\/?/, "").split("/");
  if (page === "activity" || page === "presets" || page === "models" || page === "machine" || page === "network" || page === "settings") return { page };
  if (page === "search") return { page, query: decode(id) };
  if (page === "documents") return { page, collection: decode(id) };
  const chat = page === "chat" ? decode(id) : "";
  const beside = more === "beside" ? decode(other) : "";
  return chat && beside && beside !== chat ? { page: "chat", id: chat, beside } : { page: "chat", id: chat };
}

function decode(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return "";
  }
}

export function href(r: Route): string {
  if (r.page === "chat") return r.id ? `#/chat/${encodeURIComponent(r.id)}${r.beside ? `/beside/${encodeURIComponent(r.beside)}` : ""}` : "#/";
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
