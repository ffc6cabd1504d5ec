// Looks through every message of every chat.
import { Search } from "lucide-react";
import { useEffect, useId, useMemo, useRef, useState } from "react";
import * as api from "../transport/api";
import { useCache } from "../transport/cache";
import { Choice } from "../ui/Choice";
import { dateTime, sentence } from "../ui/format";
import { messageOf } from "../ui/notify";
import { Page } from "../ui/Page";
import { go, href } from "../ui/route";
import { t } from "../strings";
import { setTarget } from "../ui/view";
import { narrowed, wordsOf, type When, type Who } from "./narrow";

const limit = 200; // of what the program answers

export function SearchPage({ query }: { query: string }) {
  const [text, setText] = useState(query);
  const [who, setWho] = useState<Who>("");
  const [when, setWhen] = useState<When>("");
  const { found, failure } = useFound(query);
  const shown = useMemo(() => narrowed(found ?? [], who, when, Date.now()), [found, who, when]);
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => box.current?.focus(), []);
  useEffect(() => setText(query), [query]);
  // The address keeps the query; a moment after the last key.
  useEffect(() => {
    if (text.trim() === query) return;
    const timer = setTimeout(() => location.replace(href({ page: "search", query: text.trim() })), 220);
    return () => clearTimeout(timer);
  }, [text, query]);
  return (
    <Page title={t.found.title} intro={t.found.hint}>
      <form
        className="find-form"
        role="search"
        onSubmit={(e) => {
          e.preventDefault();
          go({ page: "search", query: text.trim() });
        }}
      >
        <Search aria-hidden="true" />
        <input ref={box} type="text" className="input find-box" aria-label={t.found.label} placeholder={t.found.placeholder} value={text} onChange={(e) => setText(e.target.value)} />
      </form>
      <div className="find-filters">
        <Narrow label={t.found.who} value={who || "all"} onChange={(v) => setWho(v === "all" ? "" : (v as Who))} options={[["all", t.found.anyone], ["user", t.found.you], ["assistant", t.found.answer]]} />
        <Narrow label={t.found.when} value={when || "all"} onChange={(v) => setWhen(v === "all" ? "" : (v as When))} options={[["all", t.found.ever], ["week", t.found.week], ["month", t.found.month], ["year", t.found.year]]} />
      </div>
      <p className="find-count" role="status">
        {failure ? sentence(`${t.found.failed}: ${failure}`) : !found ? "" : shown.length === 0 ? t.found.none(query) : found.length >= limit ? t.found.many(found.length) : t.found.count(shown.length, new Set(shown.map((f) => f.chat.id)).size)}
      </p>
      <ol className="find-list">
        {shown.map((f) => (
          <Result key={`${f.chat.id} ${f.messageId}`} found={f} query={query} />
        ))}
      </ol>
    </Page>
  );
}

/** What was found for the query; null while there is nothing to say. */
function useFound(query: string): { found: api.Found[] | null; failure: string } {
  const [state, setState] = useState<{ found: api.Found[] | null; failure: string }>({ found: null, failure: "" });
  useEffect(() => {
    let stale = false;
    if (wordsOf(query).length === 0) return setState({ found: null, failure: "" });
    api.findMessages(query).then(
      (found) => !stale && setState({ found, failure: "" }),
      (e: unknown) => !stale && setState({ found: null, failure: messageOf(e) }),
    );
    return () => {
      stale = true;
    };
  }, [query]);
  return state;
}

function Narrow({ label, value, options, onChange }: { label: string; value: string; options: readonly (readonly [string, string])[]; onChange: (value: string) => void }) {
  const id = useId();
  return (
    <div className="find-filter">
      <span id={id}>{label}</span>
      <Choice labelledBy={id} value={value} onChange={onChange} options={options.map(([v, name]) => ({ value: v, label: name }))} />
    </div>
  );
}

function Result({ found: f, query }: { found: api.Found; query: string }) {
  const folder = useCache((cache) => cache.folders.find((o) => o.id === f.chat.folder)?.name);
  const open = () => setTarget(f.messageId ? { message: f.messageId, words: wordsOf(query) } : null);
  return (
    <li>
      <a className="find-hit" href={href({ page: "chat", id: f.chat.id })} onClick={open}>
        <span className="find-where">
          <strong>{f.chat.title || t.sidebar.untitled}</strong>
          <span>{[f.messageId === "" ? t.found.inTitle : f.role === "user" ? t.found.you : t.found.answer, dateTime(f.createdAt), folder, f.chat.archived ? t.found.inArchive : undefined].filter(Boolean).join(" · ")}</span>
        </span>
        <span className="find-snippet" dir="auto">
          {f.snippet.map((p, i) => (p.hit ? <mark key={i}>{p.text}</mark> : <span key={i}>{p.text}</span>))}
        </span>
      </a>
    </li>
  );
}
