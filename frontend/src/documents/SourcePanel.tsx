// The place of a document that a citation points to, beside the conversation:
// the page as it looks with the words marked, or its text.
import { ChevronLeft, ChevronRight, Undo2, X, ZoomIn, ZoomOut } from "lucide-react";
import { ToggleGroup } from "radix-ui";
import { useEffect, useRef, useState } from "react";
import * as api from "../transport/api";
import { useCache } from "../transport/cache";
import { IconButton } from "../ui/controls";
import { t } from "../strings";
import { closeReader, turnReader, useView, type Reader } from "../ui/view";
import { PagePicture, PageWords } from "./pages";
import { KindIcon, pageOf } from "./pieces";
import { hasPictures, type Place } from "./places";

export function SourcePanel() {
  const reader = useView((view) => view.reader);
  return reader && reader.places[reader.at] ? <Panel reader={reader} place={reader.places[reader.at]!} /> : null;
}

/** Brings the focus in when the panel opens and back where it was when it closes; Escape closes. */
function usePanelKeys() {
  const box = useRef<HTMLElement>(null);
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    box.current?.focus({ preventScroll: true });
    const keys = (e: KeyboardEvent) => {
      if (document.querySelector("[data-radix-popper-content-wrapper] [role=menu], [role=dialog], [role=alertdialog]")) return;
      if (e.key === "Escape") closeReader();
      else if (box.current?.contains(e.target as Node) && !(e.target as Element).closest("[role=group], [role=radiogroup]") && (e.key === "ArrowLeft" || e.key === "ArrowRight")) turnReader(e.key === "ArrowLeft" ? -1 : 1);
      else return;
      e.preventDefault();
      e.stopPropagation();
    };
    addEventListener("keydown", keys, true); // before the composer's own Escape
    const mine = box.current;
    return () => {
      removeEventListener("keydown", keys, true);
      if (mine?.contains(document.activeElement) || document.activeElement === document.body) before?.focus({ preventScroll: true });
    };
  }, []);
  return box;
}

function Panel({ reader, place }: { reader: Reader; place: Place }) {
  const box = usePanelKeys();
  const key = `${reader.at} ${place.document} ${place.page} ${place.start}`;
  return (
    <aside className="source-panel" ref={box} tabIndex={-1} aria-label={reader.title}>
      <Shown key={key} reader={reader} place={place} />
    </aside>
  );
}

function Shown({ reader, place: p }: { reader: Reader; place: Place }) {
  const doc = useCache((cache) => cache.documents[p.document]);
  const pictures = hasPictures(doc);
  const [as, setAs] = useState<"picture" | "text">("picture");
  const [page, setPage] = useState(p.page);
  const [zoomed, setZoomed] = useState(false);
  const unit = doc?.receipt.unit ?? "";
  const total = Math.max(doc?.receipt.pages_total ?? 0, doc?.receipt.pages ?? 0, p.endPage);
  const label = page === p.page ? p.label : "";
  const name = pageOf(doc, label, page);
  const several = reader.places.length > 1;
  return (
    <>
      <header className="panel-head">
        <h2 className="panel-title" title={doc?.path ?? p.name}>
          <KindIcon kind={doc?.receipt.kind ?? "unknown"} />
          <span>{p.name}</span>
        </h2>
        {several && (
          <div className="panel-turn">
            <IconButton label={t.reader.previous} keys="←" disabled={reader.at === 0} onClick={() => turnReader(-1)}>
              <ChevronLeft />
            </IconButton>
            <span aria-live="polite">{t.reader.at(reader.at + 1, reader.places.length)}</span>
            <IconButton label={t.reader.next} keys="→" disabled={reader.at === reader.places.length - 1} onClick={() => turnReader(1)}>
              <ChevronRight />
            </IconButton>
          </div>
        )}
        <IconButton label={t.common.close} keys="Esc" side="left" onClick={closeReader}>
          <X />
        </IconButton>
      </header>
      <div className="panel-where">
        {(p.heading.length > 0 || p.words) && (
          <div className="panel-quote">
            {p.n > 0 && <span className="cite">{p.n}</span>}
            <div>
              {p.heading.length > 0 && <p className="passage-path">{p.heading.join(" › ")}</p>}
              {p.words && <blockquote aria-label={t.reader.quote}>{p.words}</blockquote>}
            </div>
          </div>
        )}
        <div className="panel-tools">
          {total > 1 && (
            <>
              <IconButton label={t.reader.back(unit)} disabled={page <= 1} onClick={() => setPage(page - 1)}>
                <ChevronLeft />
              </IconButton>
              <span className="panel-page">{t.reader.page(unit, label, page, total)}</span>
              <IconButton label={t.reader.forth(unit)} disabled={page >= total} onClick={() => setPage(page + 1)}>
                <ChevronRight />
              </IconButton>
            </>
          )}
          {page !== p.page && (
            <IconButton label={t.reader.toPassage} onClick={() => setPage(p.page)}>
              <Undo2 />
            </IconButton>
          )}
          <span className="composer-space" />
          {pictures && as === "picture" && (
            <IconButton label={zoomed ? t.reader.unzoom : t.reader.zoom} aria-pressed={zoomed} onClick={() => setZoomed(!zoomed)}>
              {zoomed ? <ZoomOut /> : <ZoomIn />}
            </IconButton>
          )}
          {pictures && (
            <ToggleGroup.Root type="single" className="segments" value={as} aria-label={t.reader.as} onValueChange={(v) => v && setAs(v as "picture" | "text")}>
              <ToggleGroup.Item className="segment" value="picture">
                {t.reader.picture}
              </ToggleGroup.Item>
              <ToggleGroup.Item className="segment" value="text">
                {t.reader.text}
              </ToggleGroup.Item>
            </ToggleGroup.Root>
          )}
        </div>
      </div>
      {pictures && as === "picture" ? (
        <PagePicture place={p} page={page} name={name} zoomed={zoomed} />
      ) : (
        <PageWords place={p} page={page} name={name} />
      )}
    </>
  );
}

/** Opens a document at its beginning. */
export const wholeDocument = (d: api.Doc): Place => ({
  n: 0, sentence: -1, document: d.id, name: d.name, page: 1, label: "", endPage: 1, start: 0, end: 0, heading: [], quotes: [], words: "",
});
