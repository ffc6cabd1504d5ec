// One chat, or two beside each other.
import { useEffect, useState, type DragEvent } from "react";
import { Conversation } from "../chat/Conversation";
import { t } from "../strings";
import { go, parse } from "../ui/route";
import { sidebarUsed } from "../ui/view";
import { chatOf, goToSide, openBeside, otherSide, setSide, useSplit, withSide } from "./split";
import "./split.css";

export function Split({ id, beside = "" }: { id: string; beside?: string }) {
  const side = useSplit((s) => s.side);
  const dragged = useDragged();
  useKeys(beside !== "");
  useLinks(beside !== "");
  useEffect(() => {
    if (!beside) setSide("left");
  }, [beside]);
  return (
    <div className={`split ${beside ? "split-two" : ""}`}>
      <Conversation key={`left ${id}`} id={id} side={beside ? "left" : null} active={!beside || side === "left"} />
      {beside && <Conversation key={`right ${beside}`} id={beside} side="right" active={side === "right"} />}
      {dragged && id && dragged !== id && <DropHere id={dragged} />}
    </div>
  );
}

/** F6 goes from side to side, as between the panes of other programs. */
function useKeys(two: boolean): void {
  useEffect(() => {
    if (!two) return;
    const down = (e: KeyboardEvent) => {
      if (e.key !== "F6" || e.ctrlKey || e.metaKey || e.altKey) return;
      e.preventDefault();
      goToSide(otherSide(useSplit.getState().side));
    };
    addEventListener("keydown", down);
    return () => removeEventListener("keydown", down);
  }, [two]);
}

/** While there are two sides, the list of chats changes the one that is worked in. */
function useLinks(two: boolean): void {
  useEffect(() => {
    if (!two) return;
    const click = (e: MouseEvent) => {
      const id = chatOf((e.target as Element).closest("a.chat-link"));
      const route = parse(location.hash);
      if (e.defaultPrevented || e.button !== 0 || e.ctrlKey || e.metaKey || e.shiftKey || !id || route.page !== "chat") return;
      e.preventDefault();
      sidebarUsed();
      go(withSide(route, useSplit.getState().side, id));
    };
    document.addEventListener("click", click);
    return () => document.removeEventListener("click", click);
  }, [two]);
}

/** The chat that is dragged out of the list, "" for none. */
function useDragged(): string {
  const dragged = useSplit((s) => s.dragged);
  useEffect(() => {
    const start = (e: globalThis.DragEvent) => {
      const id = chatOf((e.target as Element).closest?.("a.chat-link") ?? null);
      // The picture of what is dragged is taken first.
      if (id) setTimeout(() => useSplit.setState({ dragged: id }), 0);
    };
    const end = () => useSplit.setState({ dragged: "" });
    document.addEventListener("dragstart", start);
    document.addEventListener("dragend", end);
    return () => {
      document.removeEventListener("dragstart", start);
      document.removeEventListener("dragend", end);
      end();
    };
  }, []);
  return dragged;
}

function DropHere({ id }: { id: string }) {
  const [over, setOver] = useState(false);
  const accept = (e: DragEvent) => {
    e.preventDefault();
    e.stopPropagation();
    e.dataTransfer.dropEffect = "link";
    setOver(true);
  };
  return (
    <div
      className={`split-drop ${over ? "split-drop-over" : ""}`}
      onDragEnter={accept}
      onDragOver={accept}
      onDragLeave={() => setOver(false)}
      onDrop={(e) => {
        accept(e);
        useSplit.setState({ dragged: "" });
        openBeside(id);
      }}
    >
      <p>{t.split.drop}</p>
    </div>
  );
}
