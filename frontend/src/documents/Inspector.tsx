// Shows what a search among documents finds, why, and what stands around it.
import { BookOpen, Search, UnfoldVertical, X } from "lucide-react";
import { Dialog } from "radix-ui";
import { useEffect, useMemo, useRef, useState } from "react";
import * as api from "../transport/api";
import { useCache } from "../transport/cache";
import { Button, IconButton } from "../ui/controls";
import { sentence } from "../ui/format";
import { useLoaded } from "../ui/loaded";
import { messageOf } from "../ui/notify";
import { t } from "../strings";
import { openReader } from "../ui/view";
import { KindIcon, pageOf } from "./pieces";
import { placeOf } from "./places";

const most = 20; // passages of one search

interface Found {
  passages: api.Passage[];
  failure: string;
}

/** A field, and what the search for it finds. Without a query it waits for one. */
export function Inspector({ sources, query = "", onOpen }: { sources: api.Sources; query?: string; onOpen?: () => void }) {
  const [text, setText] = useState(query);
  const [found, setFound] = useState<Found | null>(null);
  const [busy, setBusy] = useState(false);
  const turn = useRef(0);
  const scope = JSON.stringify([sources.documents, sources.collections]);
  const search = (words: string) => {
    const mine = ++turn.current;
    setBusy(words.trim() !== "");
    if (words.trim() === "") return setFound(null);
    api
      .inspect(words.trim(), sources, most)
      .then(
        (passages) => ({ passages, failure: "" }),
        (e: unknown) => ({ passages: [], failure: messageOf(e) }),
      )
      .then((result) => {
        if (turn.current !== mine) return;
        setFound(result);
        setBusy(false);
      });
  };
  useEffect(() => {
    if (found || query) search(text);
  }, [scope]);
  const open = (at: number) => {
    openReader({ title: t.inspector.title, places: found!.passages.map((p) => placeOf(p)), at });
    onOpen?.();
  };
  return (
    <div className="inspector">
      <form
        className="import-line"
        role="search"
        aria-label={t.inspector.title}
        onSubmit={(e) => {
          e.preventDefault();
          search(text);
        }}
      >
        <input
          className="input"
          type="text"
          aria-label={t.inspector.label}
          placeholder={t.inspector.placeholder}
          value={text}
          onChange={(e) => {
            setText(e.target.value);
            if (e.target.value === "") search("");
          }}
        />
        <Button type="submit" disabled={busy || text.trim() === ""}>
          <Search aria-hidden="true" />
          {busy ? t.inspector.searching : t.inspector.search}
        </Button>
      </form>
      <p className={found && !found.failure && found.passages.length > 0 ? "unseen" : "note"} role="status">
        {found && (found.failure ? `${t.inspector.failed}: ${sentence(found.failure)}` : found.passages.length === 0 ? t.inspector.none : t.inspector.found(found.passages.length))}
      </p>
      {found && found.passages.length > 0 && (
        <ol className="rows passages">
          {found.passages.map((p, at) => (
            <PassageRow key={p.chunk} passage={p} onOpen={() => open(at)} />
          ))}
        </ol>
      )}
    </div>
  );
}

function PassageRow({ passage: p, onOpen }: { passage: api.Passage; onOpen: () => void }) {
  const [around, setAround] = useState(false);
  const doc = useCache((cache) => cache.documents[p.document]);
  return (
    <li className="row passage">
      <div className="row-main">
        <h3 className="row-title">
          <KindIcon kind={doc?.receipt.kind ?? "unknown"} />
          {p.name}
          <span className="passage-page">{pageOf(doc, p.label, p.page)}</span>
        </h3>
        {p.heading.length > 0 && <p className="passage-path">{p.heading.join(" › ")}</p>}
        {around ? <Around passage={p} /> : <Marked className="passage-text" text={p.text} terms={p.scores.terms} />}
        <Scores scores={p.scores} />
      </div>
      <div className="row-actions">
        <IconButton label={around ? t.inspector.hideAround : t.inspector.around} side="left" aria-pressed={around} onClick={() => setAround(!around)}>
          <UnfoldVertical />
        </IconButton>
        <IconButton label={t.inspector.open} side="left" onClick={onOpen}>
          <BookOpen />
        </IconButton>
      </div>
    </li>
  );
}

/** Why it was found: its place in each way of searching, and the words it has. */
function Scores({ scores: s }: { scores: api.Passage["scores"] }) {
  const ways = [
    [t.inspector.words, s.words, s.wordsRank],
    [t.inspector.vector, s.vector, s.vectorRank],
    ...(s.rerankRank > 0 ? [[t.inspector.rerank, s.rerank, s.rerankRank] as const] : []),
  ] as const;
  return (
    <dl className="scores">
      {ways.map(([name, score, rank]) => (
        <div key={name} className={rank > 0 ? "" : "score-none"}>
          <dt>{name}</dt>
          <dd>
            {t.inspector.rank(rank)}
            {rank > 0 && <small>{t.inspector.score(score)}</small>}
          </dd>
        </div>
      ))}
      <div>
        <dt>{t.inspector.fused}</dt>
        <dd>
          <small>{t.inspector.score(s.fused)}</small>
        </dd>
      </div>
      {s.terms.length > 0 && (
        <div>
          <dt>{t.inspector.terms}</dt>
          <dd>{s.terms.join(", ")}</dd>
        </div>
      )}
    </dl>
  );
}

/** A text with the words that were searched for standing out. */
function Marked({ text, terms, className }: { text: string; terms: readonly string[]; className: string }) {
  const pieces = useMemo(() => {
    const words = terms.filter((w) => w.length > 1).map((w) => w.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    return words.length > 0 ? text.split(new RegExp(`((?<!\\p{L})(?:${words.join("|")})\\p{L}*)`, "giu")) : [text];
  }, [text, terms]);
  return <p className={className}>{pieces.map((piece, i) => (i % 2 === 1 ? <mark key={i}>{piece}</mark> : piece))}</p>;
}

function Around({ passage }: { passage: api.Passage }) {
  const { value, failure } = useLoaded(String(passage.chunk), () => api.neighbours(passage.chunk));
  if (failure) return <p className="note note-warn">{sentence(failure)}</p>;
  return (value ?? [passage]).map((n) =>
    n.chunk === passage.chunk ? (
      <Marked key={n.chunk} className="passage-text" text={n.text} terms={passage.scores.terms} />
    ) : (
      <p key={n.chunk} className="passage-text passage-around">
        {n.text}
      </p>
    ),
  );
}

/** The same in a sheet at the side, for the question of an answer. */
export function InspectorSheet({ query, sources, onClose }: { query: string; sources: api.Sources; onClose: () => void }) {
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className="veil veil-light" />
        <Dialog.Content
          className="sheet sheet-wide"
          aria-describedby={undefined}
          onOpenAutoFocus={(e) => {
            e.preventDefault();
            (e.currentTarget as HTMLElement).querySelector("input")?.focus();
          }}
        >
          <header className="sheet-head">
            <Dialog.Title className="sheet-title">{t.inspector.sheet}</Dialog.Title>
            <Dialog.Close asChild>
              <IconButton label={t.common.close}>
                <X />
              </IconButton>
            </Dialog.Close>
          </header>
          <div className="sheet-body">
            <Inspector query={query} sources={sources} onOpen={onClose} />
          </div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
