// Two chats beside each other: which they are stands in the address, which one
// is worked in is known here.
import { create } from "zustand";
import { go, href, parse, type Route } from "../ui/route";

export type Side = "left" | "right";

export const useSplit = create<{ side: Side; dragged: string }>(() => ({ side: "left", dragged: "" }));

export const setSide = (side: Side) => useSplit.getState().side !== side && useSplit.setState({ side });

type Chats = Extract<Route, { page: "chat" }>;

/** The address that has a chat at the right of what is shown; alone if there is no chat, or the same one. */
export function withBeside(route: Route, id: string): Chats {
  if (route.page !== "chat" || route.id === "" || route.id === id) return { page: "chat", id };
  return { page: "chat", id: route.id, beside: id };
}

/** The address with another chat on one side. One that stands on the other side changes places with it. */
export function withSide(route: Chats, side: Side, id: string): Chats {
  if (!route.beside) return { page: "chat", id };
  if (side === "left") return id === route.beside ? { page: "chat", id, beside: route.id } : { ...route, id };
  return id === route.id ? { page: "chat", id: route.beside, beside: id } : { ...route, beside: id };
}

export function openBeside(id: string): void {
  setSide("right");
  go(withBeside(parse(location.hash), id));
}

export function closeSide(side: Side): void {
  const route = parse(location.hash);
  if (route.page !== "chat" || !route.beside) return;
  setSide("left");
  go({ page: "chat", id: side === "left" ? route.beside : route.id });
}

/** Works on in a side, with the keyboard in its composer. */
export function goToSide(side: Side): void {
  setSide(side);
  requestAnimationFrame(() => document.querySelector<HTMLElement>(`.pane-${side} .composer textarea`)?.focus());
}

export const otherSide = (side: Side): Side => (side === "left" ? "right" : "left");

/** The chat that a link of the list leads to; "" for other links. */
export function chatOf(link: Element | null): string {
  const hash = link?.getAttribute("href") ?? "";
  const route = parse(hash);
  return hash.startsWith("#/chat/") && route.page === "chat" && href(route) === hash ? route.id : "";
}
