// What an answer stands on, under it: passages, the query, what was not read.
import { ChevronDown, SearchCheck } from "lucide-react";
import { useState, type ReactNode } from "react";
import { CodeBlock } from "../chat/CodeBlock";
import type { Evidence, Message, Took } from "../transport/api";
import { useCache } from "../transport/cache";
import { Button } from "../ui/controls";
import { sentence } from "../ui/format";
import { t } from "../strings";
import { told } from "../strings/told";
import { openReader } from "../ui/view";
import { InspectorSheet } from "./Inspector";
import { KindIcon, pageOf } from "./pieces";
import { citationsOf, placeOf } from "./places";

const drawn = 4; // sources and things left out, until more are asked for

export function EvidenceStrip({ message, evidence: e }: { message: Message; evidence: Evidence }) {
  if (e.route === "none" && e.passages.length === 0 && e.leftOut.length === 0) return null;
  const bad = e.sentences.filter((s) => s.verdict === "unsupported").length;
  const weak = e.sentences.filter((s) => s.verdict === "weak").length;
  return (
    <div className="evidence" role="group" aria-label={t.evidence.title}>
      {e.absent && <p className="evidence-absent">{t.evidence.absent}</p>}
      {e.query?.error && <p className="note note-warn">{`${t.evidence.queryFailed}: ${sentence(e.query.error)}`}</p>}
      <Passages evidence={e} />
      {e.leftOut.length > 0 && <LeftOut what={e.leftOut} />}
      <details className="more evidence-how" open={e.query !== null && e.query !== undefined && !e.query.error}>
        <summary>
          <ChevronDown aria-hidden="true" />
          <span className="evidence-line">
            <Fact>{t.evidence.routes[e.route]}</Fact>
            <Fact>{e.route !== "sql" && t.evidence.read(e.read, e.of)}</Fact>
            <Fact warn>{bad > 0 && t.evidence.unsupported(bad)}</Fact>
            <Fact>{weak > 0 && t.evidence.weak(weak)}</Fact>
          </span>
        </summary>
        <How message={message} evidence={e} />
      </details>
    </div>
  );
}

function Fact({ children, warn }: { children: ReactNode; warn?: boolean }) {
  return children ? <span className={warn ? "evidence-warn" : ""}>{children}</span> : null;
}

/** The passages; those that are cited come first. */
function Passages({ evidence: e }: { evidence: Evidence }) {
  const documents = useCache((cache) => cache.documents);
  const [all, setAll] = useState(false);
  if (e.passages.length === 0) return null;
  const cited = new Set(e.sentences.flatMap((s) => s.cites));
  const order = [...e.passages].sort((a, b) => Number(cited.has(b.n)) - Number(cited.has(a.n)) || a.n - b.n);
  // At first only what is cited, or the best if nothing is.
  const few = cited.size > 0 ? Math.min(cited.size, drawn) : Math.min(2, order.length);
  const open = (n: number) => {
    const citations = citationsOf(e);
    const at = citations.findIndex((p) => p.n === n);
    if (at >= 0) return openReader({ title: t.reader.label, places: citations, at });
    openReader({ title: t.reader.label, places: order.map((p) => placeOf(p)), at: order.findIndex((p) => p.n === n) });
  };
  return (
    <ul className="source-list" aria-label={t.evidence.title}>
      {(all ? order : order.slice(0, few)).map((p) => {
        const doc = documents[p.document];
        const page = pageOf(doc, p.label, p.page);
        return (
          <li key={p.n}>
            <button type="button" className={`source ${cited.has(p.n) ? "" : "source-uncited"}`} onClick={() => open(p.n)}>
              <span className="unseen">{t.evidence.show}</span>
              <span className="cite">{p.n}</span>
              <KindIcon kind={doc?.receipt.kind ?? "unknown"} />
              <span className="source-name">{p.name}</span>
              {page && <small>{page}</small>}
            </button>
          </li>
        );
      })}
      {!all && order.length > few && (
        <li>
          <button type="button" className="source source-more" onClick={() => setAll(true)}>
            {t.evidence.morePassages(order.length - few)}
          </button>
        </li>
      )}
    </ul>
  );
}

/** What was not read is said without being asked. */
function LeftOut({ what }: { what: readonly string[] }) {
  const [all, setAll] = useState(false);
  return (
    <div className="note note-warn evidence-left-out">
      <p>{t.evidence.leftOut}</p>
      <ul className="left-out">
        {(all ? what : what.slice(0, drawn)).map((w, i) => (
          <li key={i}>{sentence(w)}</li>
        ))}
      </ul>
      {!all && what.length > drawn && (
        <button type="button" className="link" onClick={() => setAll(true)}>
          {t.evidence.moreLeftOut(what.length - drawn)}
        </button>
      )}
    </div>
  );
}

const steps = ["route", "search", "map", "query", "generate", "check"] as const satisfies readonly (keyof Took)[];

function How({ message, evidence: e }: { message: Message; evidence: Evidence }) {
  const [inspecting, setInspecting] = useState(false);
  const question = useCache((cache) => cache.opened[message.chatId]?.messages.find((m) => m.id === message.parentId)?.content ?? "");
  const sources = useCache((cache) => cache.opened[message.chatId]?.sources);
  const took = steps.filter((s) => e.took[s] >= 1).map((s) => t.evidence.time(t.evidence.times[s], e.took[s]));
  return (
    <div className="evidence-details">
      <p>{sentence([t.evidence.routes[e.route], told(e.why)].filter(Boolean).join(": "))}</p>
      {e.query && (
        <div>
          <p className="evidence-head">
            {t.evidence.query} <small>{t.evidence.queryBy[e.query.by] ?? ""}</small>
          </p>
          <CodeBlock code={e.query.sql} language="sql" />
        </div>
      )}
      <dl className="facts">
        {took.length > 0 && (
          <div>
            <dt>{t.evidence.took}</dt>
            <dd>{took.join(", ")}</dd>
          </div>
        )}
        {e.budget.limit > 0 && (
          <div>
            <dt>{t.evidence.budget}</dt>
            <dd>{t.evidence.budgetValue(e.budget.documents, e.budget.limit)}</dd>
          </div>
        )}
      </dl>
      {sources && question && e.route !== "sql" && (
        <Button small onClick={() => setInspecting(true)}>
          <SearchCheck aria-hidden="true" />
          {t.evidence.inspect}
        </Button>
      )}
      {inspecting && sources && <InspectorSheet query={question} sources={sources} onClose={() => setInspecting(false)} />}
    </div>
  );
}
