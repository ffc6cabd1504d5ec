// A small map of a chat: all its questions and answers as a tree, to look at,
// to walk through and to go to.
import { GitFork, LocateFixed, Maximize2, Minus, Plus, SplitSquareHorizontal, Trash2 } from "lucide-react";
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState, type KeyboardEvent, type PointerEvent } from "react";
import { showBranch } from "../chat/actions";
import { t } from "../strings";
import type { Message } from "../transport/api";
import { useCache } from "../transport/cache";
import { newestBelow, pathTo } from "../transport/tree";
import { Button, IconButton } from "../ui/controls";
import { fork, removeBranch, showDifferences } from "./actions";
import "./compare.css";
import { cell, connection, fitted, including, inSight, layOut, leftOf, opening, sizeOf, step, topOf, zoomAt, zooms, type Layout, type Place, type Size, type View } from "./layout";
import { beginning, huesOf, nameOf } from "./models";

const mostDrawn = 240; // messages with a place of their own; the others are only painted

export default function BranchMap({ chatId, onLeave }: { chatId: string; onLeave: () => void }) {
  const chat = useCache((cache) => cache.opened[chatId]);
  const models = useCache((cache) => cache.models);
  const messages = chat?.messages;
  const layout = useMemo(() => layOut(messages ?? []), [messages]);
  const hues = useMemo(() => huesOf(messages ?? []), [messages]);
  const path = useMemo(() => (chat ? pathTo(chat.messages, chat.leaf) : []), [chat]);
  const shown = useMemo(() => new Set(path.map((m) => m.id)), [path]);
  const [pointed, setPointed] = useState("");
  const [focused, setFocused] = useState("");
  if (!chat) return null;

  const leaf = layout.byId.get(chat.leaf);
  const at = layout.byId.get(focused) ?? leaf ?? layout.places[0];
  const told = layout.byId.get(pointed) ?? at;
  const ends = layout.places.filter((p) => p.children.length === 0).length;
  const goTo = (p: Place) => {
    setFocused(p.message.id);
    void showBranch(chatId, p.message.id);
  };
  return (
    <div className="map">
      <header className="map-head">
        <p className="popover-title">{t.map.title}</p>
        <p className="map-size">{t.map.size(layout.places.length, ends)}</p>
      </header>
      <p className="unseen" id="map-keys">
        {t.map.explain} {t.map.keys}
      </p>
      {at && <Canvas layout={layout} hues={hues} shown={shown} at={at} leaf={leaf} onFocus={setFocused} onPoint={setPointed} onGo={goTo} />}
      {hues.size > 0 && (
        <ul className="map-models" aria-label={t.map.models}>
          {[...hues].map(([ref, hue]) => (
            <li key={ref}>
              <span className={`hue hue-${hue}`} aria-hidden="true" />
              {nameOf(models, ref)}
            </li>
          ))}
        </ul>
      )}
      {told && <Card place={told} shown={shown} leaf={chat.leaf} messages={chat.messages} onGo={() => goTo(told)} onLeave={onLeave} />}
    </div>
  );
}

interface CanvasProps {
  layout: Layout;
  hues: ReadonlyMap<string, number>;
  shown: ReadonlySet<string>;
  at: Place;
  leaf: Place | undefined;
  onFocus: (id: string) => void;
  onPoint: (id: string) => void;
  onGo: (p: Place) => void;
}

function Canvas({ layout, hues, shown, at, leaf, onFocus, onPoint, onGo }: CanvasProps) {
  const box = useRef<HTMLDivElement>(null);
  const size = useSize(box);
  const [view, setView] = useState<View | null>(null);
  const drag = useRef<{ x: number; y: number; view: View; moved: boolean } | null>(null);
  const whole = useMemo(() => sizeOf(layout), [layout]);

  useLayoutEffect(() => {
    if (size && !view) setView(opening(layout, leaf ?? at, size));
  }, [size, view, layout, leaf, at]);

  // What is shown in the chat comes into sight: another branch, a new answer.
  const followed = useRef(leaf?.message.id);
  useEffect(() => {
    if (!leaf || !size || followed.current === leaf.message.id) return;
    followed.current = leaf.message.id;
    setView((v) => v && including(v, leaf, size));
  }, [leaf, size]);

  const focusOn = useCallback(
    (p: Place) => {
      onFocus(p.message.id);
      if (size) setView((v) => v && including(v, p, size));
      requestAnimationFrame(() => box.current?.querySelector<HTMLElement>(`[data-message="${CSS.escape(p.message.id)}"]`)?.focus({ preventScroll: true }));
    },
    [onFocus, size],
  );

  // React listens to wheels passively.
  useEffect(() => {
    const b = box.current;
    if (!b) return;
    const wheel = (e: WheelEvent) => {
      e.preventDefault();
      const r = b.getBoundingClientRect();
      setView((v) => {
        if (!v) return v;
        if (e.ctrlKey || e.metaKey) return zoomAt(v, Math.exp(-e.deltaY / 240), { x: e.clientX - r.left, y: e.clientY - r.top });
        return { ...v, x: v.x + (e.shiftKey ? e.deltaY : e.deltaX) / v.zoom, y: v.y + (e.shiftKey ? 0 : e.deltaY) / v.zoom };
      });
    };
    b.addEventListener("wheel", wheel, { passive: false });
    return () => b.removeEventListener("wheel", wheel);
  }, []);

  const zoom = (factor: number) => size && setView((v) => v && zoomAt(v, factor, { x: size.width / 2, y: size.height / 2 }));
  const fit = () => size && setView(fitted(whole, size));
  const keys = (e: KeyboardEvent) => {
    const roots = layout.places.filter((p) => !p.parent);
    const next = e.key === "Home" ? layout.places[0] : e.key === "End" ? (leaf ?? layout.places.at(-1)) : step(at, e.key, shown, roots);
    if (next) focusOn(next);
    else if (e.key === "Enter" || e.key === " ") onGo(at);
    else if (e.key === "Delete") void removeBranch(at.message);
    else if (e.key === "+" || e.key === "=") zoom(1.3);
    else if (e.key === "-") zoom(1 / 1.3);
    else if (e.key === "0") fit();
    else if (!e.key.startsWith("Arrow")) return;
    e.preventDefault();
  };

  const down = (e: PointerEvent) => {
    if (e.button === 0 && view) drag.current = { x: e.clientX, y: e.clientY, view, moved: false };
  };
  const move = (e: PointerEvent) => {
    const d = drag.current;
    if (!d) return;
    const [dx, dy] = [e.clientX - d.x, e.clientY - d.y];
    if (!d.moved && Math.hypot(dx, dy) < 4) return;
    if (!d.moved) box.current?.setPointerCapture(e.pointerId);
    d.moved = true;
    setView({ ...d.view, x: d.view.x - dx / d.view.zoom, y: d.view.y - dy / d.view.zoom });
  };
  const up = () => requestAnimationFrame(() => (drag.current = null));

  const drawn = useMemo(() => {
    if (!view || !size) return [];
    const seen = inSight(layout, view, size, mostDrawn);
    return seen.includes(at) ? seen : [...seen, at]; // the focus has a place, in sight or not
  }, [layout, view, size, at]);

  return (
    <div className="map-canvas">
      <div
        ref={box}
        className="map-box"
        role="tree"
        aria-label={t.map.tree}
        aria-orientation="horizontal"
        aria-describedby="map-keys"
        onKeyDown={keys}
        onPointerDown={down}
        onPointerMove={move}
        onPointerUp={up}
        onPointerCancel={up}
        onPointerLeave={() => onPoint("")}
        onClickCapture={(e) => drag.current?.moved && e.stopPropagation()}
      >
        {view && (
          <div className={`map-world ${view.zoom < zooms.readable * 0.75 ? "map-far" : ""}`} role="presentation" style={{ transform: `scale(${view.zoom}) translate(${-view.x}px, ${-view.y}px)`, width: whole.width, height: whole.height }}>
            <Painted layout={layout} hues={hues} shown={shown} />
            {drawn.map((p) => (
              <Node key={p.message.id} place={p} hue={hues.get(p.message.model) ?? -1} shown={shown.has(p.message.id)} leaf={p === leaf} focusable={p === at} onGo={onGo} onPoint={onPoint} onFocus={onFocus} />
            ))}
          </div>
        )}
      </div>
      <div className="map-tools">
        <IconButton label={t.map.zoomIn} side="left" onClick={() => zoom(1.35)}>
          <Plus />
        </IconButton>
        <IconButton label={t.map.zoomOut} side="left" onClick={() => zoom(1 / 1.35)}>
          <Minus />
        </IconButton>
        <IconButton label={t.map.fit} side="left" onClick={fit}>
          <Maximize2 />
        </IconButton>
        <IconButton label={t.map.here} side="left" disabled={!leaf} onClick={() => size && setView(opening(layout, leaf, size))}>
          <LocateFixed />
        </IconButton>
      </div>
    </div>
  );
}

/** The lines, and each message as a patch of colour: cheap, however many there are. */
function Painted({ layout, hues, shown }: Pick<CanvasProps, "layout" | "hues" | "shown">) {
  const whole = sizeOf(layout);
  const { lines, way, patches } = useMemo(() => {
    const patches = new Map<number, string>();
    let lines = "";
    let way = "";
    for (const p of layout.places) {
      if (shown.has(p.message.id)) way += connection(p);
      else lines += connection(p);
      const hue = p.message.role === "user" ? -1 : (hues.get(p.message.model) ?? 0);
      patches.set(hue, `${patches.get(hue) ?? ""}M${leftOf(p)} ${topOf(p)}h${cell.width}v${cell.height}h${-cell.width}z`);
    }
    return { lines, way, patches };
  }, [layout, hues, shown]);
  return (
    <svg className="map-lines" width={whole.width} height={whole.height} aria-hidden="true">
      <path className="map-line" d={lines} />
      <path className="map-line map-line-shown" d={way} />
      {[...patches].map(([hue, d]) => (
        <path key={hue} className={`map-patch ${hue < 0 ? "map-patch-question" : `hue-${hue}`}`} d={d} />
      ))}
    </svg>
  );
}

interface NodeProps {
  place: Place;
  hue: number;
  shown: boolean;
  leaf: boolean;
  focusable: boolean;
  onGo: (p: Place) => void;
  onPoint: (id: string) => void;
  onFocus: (id: string) => void;
}

function Node({ place, hue, shown, leaf, focusable, onGo, onPoint, onFocus }: NodeProps) {
  const { message: m } = place;
  const name = useCache((cache) => nameOf(cache.models, m.model));
  const siblings = place.parent?.children ?? [place];
  const question = m.role === "user";
  const text = beginning(m.content, 60);
  const writing = m.status === "streaming";
  const facts = [shown && t.map.shown, writing && t.map.writing, m.status === "error" && t.map.failed, m.trial?.verdict === "best" && t.map.best].filter(Boolean).join(", ");
  return (
    <div
      className={`map-node ${question ? "map-question" : `map-answer hue-${hue}`} ${shown ? "map-shown" : ""} ${leaf ? "map-leaf" : ""} ${writing ? "map-writing" : ""}`}
      role="treeitem"
      data-message={m.id}
      aria-level={place.row + 1}
      aria-posinset={siblings.indexOf(place) + 1}
      aria-setsize={siblings.length}
      aria-selected={leaf}
      tabIndex={focusable ? 0 : -1}
      style={{ left: leftOf(place), top: topOf(place), width: cell.width, height: cell.height }}
      onClick={() => onGo(place)}
      onFocus={() => onFocus(m.id)}
      onPointerEnter={() => onPoint(m.id)}
    >
      {question ? <span className="unseen">{t.map.question}: </span> : <span className="map-model">{shortName(name)}</span>}
      <span className="map-text">{text || t.map.empty}</span>
      {facts && <span className="unseen">, {facts}</span>}
    </div>
  );
}

/** A model's name as far as there is room: SmolLM2 135M Instruct is SmolLM2. */
const shortName = (name: string): string => (name.length <= 9 ? name : (name.split(/[\s:_-]/)[0] ?? name).slice(0, 9));

/** What is known of the message under the pointer or the focus, and what can be done with its branch. */
function Card({ place, shown, leaf, messages, onGo, onLeave }: { place: Place; shown: ReadonlySet<string>; leaf: string; messages: readonly Message[]; onGo: () => void; onLeave: () => void }) {
  const { message: m } = place;
  const name = useCache((cache) => nameOf(cache.models, m.model));
  const content = useCache((cache) => cache.live[m.id]?.content ?? m.content);
  const writing = m.status === "streaming";
  const end = newestBelow(messages, m.id);
  return (
    <section className="map-card">
      <p className="map-card-head">
        <strong>{m.role === "user" ? t.map.question : name}</strong>
        {m.timings && m.timings.decodePerSecond > 0 && <span>{t.map.speed(m.timings.decodePerSecond)}</span>}
        {shown.has(m.id) && <span>{t.map.shown}</span>}
      </p>
      <p className="map-card-text">{beginning(content, 260) || (m.status === "error" ? m.error : t.map.empty)}</p>
      <div className="map-card-actions">
        <Button small kind="primary" onClick={onGo} disabled={end === leaf}>
          {t.map.go}
        </Button>
        <IconButton label={t.map.compare} side="top" disabled={shown.has(m.id)} onClick={() => (onLeave(), showDifferences({ chatId: m.chatId, a: leaf, b: end }))}>
          <SplitSquareHorizontal />
        </IconButton>
        <IconButton label={t.map.fork} side="top" disabled={writing} onClick={() => (onLeave(), void fork(m))}>
          <GitFork />
        </IconButton>
        <IconButton label={t.map.remove} side="top" disabled={writing} onClick={() => void removeBranch(m)}>
          <Trash2 />
        </IconButton>
      </div>
    </section>
  );
}

function useSize(of: React.RefObject<HTMLElement | null>): Size | null {
  const [size, setSize] = useState<Size | null>(null);
  useLayoutEffect(() => {
    const e = of.current;
    if (!e) return;
    const measure = () => setSize({ width: e.clientWidth, height: e.clientHeight });
    measure();
    const seen = new ResizeObserver(measure);
    seen.observe(e);
    return () => seen.disconnect();
  }, [of]);
  return size;
}
