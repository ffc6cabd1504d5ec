// Everything by its name: a field, and a list that its keys move through.
import { Box, CornerDownLeft, FileText, Files, MessageSquare, Search, Sparkles, Terminal } from "lucide-react";
import { Dialog } from "radix-ui";
import { useEffect, useId, useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { fieldHere } from "../chat/lastOf";
import { useCache } from "../transport/cache";
import { composes } from "../ui/composing";
import { go } from "../ui/route";
import { t } from "../strings";
import { allItems, found, recentItems, used, type Hit, type Kind } from "./items";
import { handlers } from "./Keyboard";
import { show } from "./open";
import "./palette.css";

const icons: Record<Kind, ReactNode> = {
  commands: <Terminal aria-hidden="true" />,
  pages: <Files aria-hidden="true" />,
  chats: <MessageSquare aria-hidden="true" />,
  presets: <Sparkles aria-hidden="true" />,
  models: <Box aria-hidden="true" />,
  documents: <FileText aria-hidden="true" />,
};

export default function Palette() {
  const chats = useCache((cache) => cache.chats);
  const models = useCache((cache) => cache.models);
  const documents = useCache((cache) => cache.documents);
  const presets = useCache((cache) => cache.presets);
  const items = useMemo(() => allItems({ chats, models, documents, presets }, handlers), [chats, models, documents, presets]);
  const recent = useMemo(recentItems, []);
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const chosen = useRef<(() => void) | null>(null);
  const text = query.trim();
  const groups = useMemo(() => found(items, query, recent), [items, query, recent]);
  const all: { key: string; run: () => void; id: string }[] = groups.flatMap((g) => g.hits.map((h) => ({ key: `${g.title} ${h.id}`, run: h.run, id: h.id })));
  if (text) all.push({ key: "all", id: "", run: () => go({ page: "search", query: text }) });
  const current = Math.min(at, all.length - 1);
  const optionId = (i: number) => `${id}-${i}`;

  useEffect(() => {
    void list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }, [current, groups]);

  const choose = (i: number) => {
    const item = all[i];
    if (!item) return;
    if (item.id) used(item.id);
    chosen.current = item.run; // once the focus is back where it was
    show("");
  };
  const keys = (e: KeyboardEvent) => {
    if (composes(e.nativeEvent)) return;
    const to = { ArrowDown: current + 1, ArrowUp: current - 1, PageDown: Math.min(current + 8, all.length - 1), PageUp: Math.max(current - 8, 0) }[e.key];
    if (to !== undefined) setAt((to + all.length) % Math.max(1, all.length));
    else if (e.key === "Enter") choose(current);
    else return;
    e.preventDefault();
  };

  let i = -1;
  return (
    <Dialog.Root open onOpenChange={(open) => !open && show("")}>
      <Dialog.Portal>
        <Dialog.Overlay className="veil veil-light" />
        <Dialog.Content
          className="palette"
          aria-describedby={undefined}
          onCloseAutoFocus={(e) => {
            const run = chosen.current;
            chosen.current = null;
            if (!run) return;
            e.preventDefault();
            (fieldHere() ?? document.querySelector<HTMLElement>("#main"))?.focus();
            run();
          }}
        >
          <Dialog.Title className="unseen">{t.palette.open}</Dialog.Title>
          <div className="palette-field">
            <Search aria-hidden="true" />
            <input
              type="text"
              role="combobox"
              aria-label={t.palette.label}
              aria-expanded={all.length > 0}
              aria-controls={`${id}-list`}
              aria-autocomplete="list"
              aria-activedescendant={all.length > 0 ? optionId(current) : undefined}
              placeholder={t.palette.placeholder}
              autoComplete="off"
              spellCheck={false}
              value={query}
              onChange={(e) => {
                setQuery(e.target.value);
                setAt(0);
              }}
              onKeyDown={keys}
            />
          </div>
          <div className="palette-list" id={`${id}-list`} role="listbox" aria-label={t.palette.open} ref={list} tabIndex={-1}>
            {groups.map((g, n) => (
              <div key={g.title} role="group" aria-labelledby={`${id}-group-${n}`}>
                <p className="palette-group" id={`${id}-group-${n}`} role="presentation">
                  {g.title}
                </p>
                {g.hits.map((hit) => {
                  const mine = ++i;
                  return <Option key={hit.id} id={optionId(mine)} hit={hit} selected={mine === current} onChoose={() => choose(mine)} onPoint={() => setAt(mine)} />;
                })}
              </div>
            ))}
            {text && (
              <div id={optionId(all.length - 1)} role="option" aria-selected={current === all.length - 1} className="palette-option palette-all" onClick={() => choose(all.length - 1)} onPointerMove={() => current !== all.length - 1 && setAt(all.length - 1)}>
                <Search aria-hidden="true" />
                <span className="palette-name">{t.palette.searchAll(text)}</span>
              </div>
            )}
          </div>
          <footer className="palette-foot">
            <span role="status">{text ? (groups.length > 0 ? t.palette.found(all.length - 1) : t.palette.none) : ""}</span>
            <span>{t.palette.hint}</span>
          </footer>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Option({ id, hit, selected, onChoose, onPoint }: { id: string; hit: Hit; selected: boolean; onChoose: () => void; onPoint: () => void }) {
  return (
    <div id={id} role="option" aria-selected={selected} className="palette-option" onClick={onChoose} onPointerMove={() => !selected && onPoint()}>
      {icons[hit.kind]}
      <span className="palette-name">
        <Marked text={hit.name} at={hit.at} />
      </span>
      {hit.keys ? <kbd>{hit.keys}</kbd> : hit.note && <small>{hit.note}</small>}
      {selected && <CornerDownLeft className="palette-enter" aria-hidden="true" />}
    </div>
  );
}

/** The text, with the letters that were found in bold. */
export function Marked({ text, at }: { text: string; at: readonly number[] }) {
  if (at.length === 0) return <>{text}</>;
  const bold = new Set(at);
  const runs: { text: string; bold: boolean }[] = [];
  Array.from(text).forEach((c, i) => {
    const is = bold.has(i);
    if (runs.at(-1)?.bold === is) runs.at(-1)!.text += c;
    else runs.push({ text: c, bold: is });
  });
  return (
    <>
      {runs.map((r, i) => (r.bold ? <b key={i}>{r.text}</b> : r.text))}
    </>
  );
}
