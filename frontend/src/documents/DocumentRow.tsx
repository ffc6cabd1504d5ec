// A document in the list, with its receipt.
import { Check, ChevronDown, Ellipsis, Pause, Play, RotateCw } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { memo, useId, useState } from "react";
import { Badge, Facts, Problem } from "../models/pieces";
import type { Doc } from "../transport/api";
import { useCache } from "../transport/cache";
import { IconButton, Progress } from "../ui/controls";
import { bytes, dateTime, duration, sentence } from "../ui/format";
import { t } from "../strings";
import { told } from "../strings/told";
import { openReader } from "../ui/view";
import { askAbout, pause, remove, resume, retry, setMember } from "./actions";
import { KindIcon } from "./pieces";
import { wholeDocument } from "./SourcePanel";

const busy = (d: Doc): boolean => d.state === "queued" || d.state === "reading" || d.state === "embedding";
const wasRead = (d: Doc): boolean => d.receipt.status === "read" || d.receipt.status === "partial";

export const DocumentRow = memo(function DocumentRow({ doc: d }: { doc: Doc }) {
  const [open, setOpen] = useState(false);
  const details = useId();
  const r = d.receipt;
  return (
    <li className="row document">
      <span className="document-icon">
        <KindIcon kind={r.kind} />
      </span>
      <div className="row-main">
        <h3 className="row-title">
          {d.name}
          {r.status === "partial" && <Badge>{t.documents.partial}</Badge>}
          {d.missing && d.state !== "failed" && <Badge>{t.documents.missing}</Badge>}
          {(d.state === "paused" || d.state === "queued") && <Badge>{t.documents.states[d.state]}</Badge>}
        </h3>
        {wasRead(d) && (
          <Facts
            items={[
              t.documents.kindNames[r.kind],
              t.documents.pages(r.pages, r.pages_total, r.unit ?? ""),
              t.documents.characters(r.characters),
              d.tokens > 0 && t.documents.tokens(d.tokens),
              r.tables > 0 && t.documents.tables(r.tables),
              (r.recognised ?? 0) > 0 && t.documents.recognised(r.recognised ?? 0),
              d.state === "ready" && d.chunks > 0 && d.vectors === 0 && t.documents.wordsOnly,
            ]}
          />
        )}
        <Working doc={d} />
        {d.state === "failed" && <Problem title={t.documents.failed} text={r.error || r.problem || ""} />}
        {r.skipped.length > 0 && d.state !== "failed" && <Skipped doc={d} />}
        {open && <Details doc={d} id={details} />}
      </div>
      <div className="row-actions">
        {busy(d) && (
          <IconButton label={t.documents.pause(d.name)} side="left" onClick={() => void pause(d.id)}>
            <Pause />
          </IconButton>
        )}
        {d.state === "paused" && (
          <IconButton label={t.documents.resume(d.name)} side="left" onClick={() => void resume(d.id)}>
            <Play />
          </IconButton>
        )}
        {(d.state === "failed" || (d.missing && !busy(d))) && (
          <IconButton label={t.documents.retry(d.name)} side="left" onClick={() => void retry(d.id)}>
            <RotateCw />
          </IconButton>
        )}
        <Menu doc={d} open={open} onDetails={() => setOpen(!open)} />
      </div>
    </li>
  );
});

/** How far the work on it is, while there is some. */
function Working({ doc: d }: { doc: Doc }) {
  const progress = useCache((cache) => cache.progress[d.id]);
  if (d.state !== "reading" && d.state !== "embedding") return null;
  const text = progress ? t.documents.progress(d.state, progress.unit, progress.done, progress.total) : t.documents.states[d.state];
  return (
    <div className="row-progress">
      <Progress done={progress?.done ?? 0} total={progress?.total ?? 0} label={`${t.documents.states[d.state]}: ${d.name}`} />
      <Facts items={[text]} />
    </div>
  );
}

/** What the file holds and was not read. What matters is open to see; trifles wait to be asked for. */
function Skipped({ doc: d }: { doc: Doc }) {
  const skipped = d.receipt.skipped;
  const matters = skipped.some((s) => !s.minor);
  return (
    <details className={`more skipped ${matters ? "skipped-matters" : ""}`} open={matters && skipped.length < 4}>
      <summary>
        <ChevronDown aria-hidden="true" />
        {t.documents.skipped(skipped.length)}
      </summary>
      <ul>
        {skipped.map((s, i) => (
          <li key={i}>{sentence(t.documents.skip(s.what, s.count ?? 0, s.where ?? "", told(s.why)))}</li>
        ))}
      </ul>
    </details>
  );
}

function Details({ doc: d, id }: { doc: Doc; id: string }) {
  const f = t.documents.facts;
  const r = d.receipt;
  const rows: (readonly [string, string])[] = [
    [f.path, d.path],
    [f.title, d.title],
    [f.kind, t.documents.kindNames[r.kind]],
    [f.size, bytes(r.size)],
    [f.encoding, r.encoding ?? ""],
    [f.passages, d.chunks > 0 ? f.passagesValue(d.chunks, d.vectors) : ""],
    ...d.sheets.map((s) => [`${f.sheet}: ${s.name || s.table}`, f.sheetValue(s.rows, s.columns.map((c) => (c.unit ? `${c.name} (${c.unit})` : c.name)).join(", "))] as const),
    ...r.warnings.map((w) => [f.warnings, sentence(w)] as const),
    [f.added, dateTime(d.addedAt)],
    [f.took, r.took_ms > 0 ? duration(r.took_ms) : ""],
  ];
  return (
    <>
      {d.missing && <p className="note">{t.documents.missingText}</p>}
      <dl className="facts row-details" id={id}>
        {rows
          .filter(([, value]) => value !== "")
          .map(([name, value], i) => (
            <div key={i}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
    </>
  );
}

function Menu({ doc: d, open, onDetails }: { doc: Doc; open: boolean; onDetails: () => void }) {
  const collections = useCache((cache) => cache.collections);
  const free = collections.filter((c) => c.folder === "" || d.collections.includes(c.id));
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger className="icon-button" aria-label={t.documents.moreAbout(d.name)}>
        <Ellipsis />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="end" sideOffset={4} collisionPadding={8}>
          {wasRead(d) && (
            <>
              <DropdownMenu.Item className="menu-item" onSelect={() => askAbout([d.id])}>
                {t.documents.ask}
              </DropdownMenu.Item>
              <DropdownMenu.Item className="menu-item" onSelect={() => openReader({ title: t.reader.label, places: [wholeDocument(d)], at: 0 })}>
                {t.documents.open}
              </DropdownMenu.Item>
            </>
          )}
          <DropdownMenu.Item className="menu-item" onSelect={onDetails}>
            {open ? t.documents.hideDetails : t.documents.details}
          </DropdownMenu.Item>
          {!busy(d) && (
            <DropdownMenu.Item className="menu-item" onSelect={() => void retry(d.id)}>
              {t.documents.readAgain}
            </DropdownMenu.Item>
          )}
          {free.length > 0 && (
            <>
              <DropdownMenu.Separator className="menu-line" />
              <DropdownMenu.Label className="menu-label">{t.documents.inCollections}</DropdownMenu.Label>
              {free.map((c) => (
                <DropdownMenu.CheckboxItem
                  key={c.id}
                  className="menu-item"
                  checked={d.collections.includes(c.id)}
                  disabled={c.folder !== ""}
                  onSelect={(e) => e.preventDefault()}
                  onCheckedChange={(on) => void setMember(d, c.id, on)}
                >
                  <span className="menu-check">
                    <DropdownMenu.ItemIndicator>
                      <Check />
                    </DropdownMenu.ItemIndicator>
                  </span>
                  {c.name}
                </DropdownMenu.CheckboxItem>
              ))}
            </>
          )}
          <DropdownMenu.Separator className="menu-line" />
          <DropdownMenu.Item className="menu-item menu-item-danger" onSelect={() => remove([d])}>
            {t.documents.remove}
          </DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
