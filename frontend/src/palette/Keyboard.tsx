// The keys of the whole window, and the lists that some of them open.
import { lazy, Suspense, useEffect } from "react";
import { chatHere, copyLastAnswer, editLastQuestion, focusComposer, regenerateLast } from "../chat/lastOf";
import { openMenu } from "../chat/open";
import { useSplit, withSide } from "../compare/split";
import { newChat } from "../sidebar/newChat";
import { noFilter, matches, sections } from "../sidebar/list";
import { useCache } from "../transport/cache";
import { go, parse } from "../ui/route";
import { useShortcuts, type Handlers } from "../ui/shortcuts";
import { setPanel, setSidebar, sidebarLiesOver, useView } from "../ui/view";
import { show, useOverlay } from "./open";

const Palette = lazy(() => import("./Palette"));
const KeySheet = lazy(() => import("./KeySheet"));

/** Shows the chat that stands so many places below the shown one in the list. */
function step(by: number): boolean {
  const { chats, folders } = useCache.getState();
  const s = sections(
    chats.filter((c) => matches(noFilter, c)),
    folders,
    Date.now(),
  );
  const order = [...s.pinned, ...s.folders.flatMap((f) => f.chats), ...s.days.flatMap((d) => d.chats)].map((c) => c.id);
  if (order.length === 0) return false;
  const here = order.indexOf(chatHere() ?? "");
  const next = here < 0 ? (by > 0 ? 0 : order.length - 1) : (here + by + order.length) % order.length;
  const route = parse(location.hash);
  go(route.page === "chat" ? withSide(route, useSplit.getState().side, order[next]!) : { page: "chat", id: order[next]! });
  return true;
}

const inChat = (act: () => void) => (): boolean => {
  if (chatHere() === null) return false;
  act();
  return true;
};

/** Escape has other meanings first: it stops answers and ends selections. */
const free = (): boolean => !useView.getState().reader && !sidebarLiesOver() && !document.querySelector(".send-stop, [role=toolbar]");

export const handlers: Handlers = {
  palette: () => show("palette"),
  search: () => go({ page: "search", query: "" }),
  newChat: () => newChat(),
  nextChat: () => step(1),
  previousChat: () => step(-1),
  sidebar: () => setSidebar(!useView.getState().sidebar),
  settings: () => go({ page: "settings" }),
  keys: () => show("keys"),
  focus: () => free() && focusComposer(),
  model: inChat(() => openMenu("model", chatHere() ?? "")),
  panel: inChat(() => setPanel(true)),
  copyLast: copyLastAnswer,
  regenerate: regenerateLast,
  editLast: editLastQuestion,
};

/** Handles the keys while it is drawn. */
export function useKeys(): void {
  useShortcuts(handlers);
  useEffect(() => {
    const escape = (e: KeyboardEvent) => {
      if (e.key !== "Escape" || e.defaultPrevented || !sidebarLiesOver()) return;
      e.preventDefault();
      setSidebar(false);
    };
    addEventListener("keydown", escape, true);
    return () => removeEventListener("keydown", escape, true);
  }, []);
}

export function Overlays() {
  const shown = useOverlay((o) => o.shown);
  return (
    <Suspense fallback={null}>
      {shown === "palette" && <Palette />}
      {shown === "keys" && <KeySheet />}
    </Suspense>
  );
}
