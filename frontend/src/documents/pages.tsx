// A page of a document, as it looks or as text, with a passage marked on it.
import { useEffect, useLayoutEffect, useMemo, useRef } from "react";
import * as api from "../transport/api";
import { fromBytes } from "../transport/offsets";
import { sentence } from "../ui/format";
import { useLoaded } from "../ui/loaded";
import { t } from "../strings";
import { rangeOn, type Place, type Range } from "./places";

/** A page's text with what is to be marked on it: the passage, and within it what suits the sentence. */
function usePage(p: Place, page: number) {
  return useLoaded(`${p.document} ${page}`, () => api.documentPage(p.document, page));
}

const utf8 = new TextEncoder();

function marksOn(p: Place, page: number, text: string): { passage: Range | null; quotes: readonly Range[] } {
  const passage = rangeOn(p, page, utf8.encode(text).length);
  return { passage: passage && passage.end > passage.start ? passage : null, quotes: page === p.page ? p.quotes : [] };
}

interface Drawn {
  image: api.PageImage;
  boxes: api.Box[];
}

/** Draws the page and finds where the marked words stand on it. Without boxes the page is still worth seeing. */
async function draw(p: Place, page: number): Promise<Drawn> {
  const dpi = Math.round(120 * Math.min(2, Math.max(1, devicePixelRatio || 1)));
  const [image, { text }] = await Promise.all([api.pageImage(p.document, page, dpi), api.documentPage(p.document, page)]);
  const { passage, quotes } = marksOn(p, page, text);
  const ranges = quotes.length > 0 ? quotes : passage ? [passage] : [];
  const boxes = await Promise.all(ranges.map((r) => api.pageHighlight(p.document, page, r.start, r.end).catch(() => [])));
  return { image, boxes: boxes.flat() };
}

export function PagePicture({ place: p, page, name, zoomed }: { place: Place; page: number; name: string; zoomed: boolean }) {
  const { value, failure } = useLoaded(`${p.document} ${page}`, () => draw(p, page));
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const first = box.current?.querySelector<HTMLElement>(".page-mark");
    if (first && box.current) box.current.scrollTo({ top: Math.max(0, first.offsetTop - box.current.clientHeight / 3), left: zoomed ? Math.max(0, first.offsetLeft - 40) : 0 });
  }, [value, zoomed]);
  if (failure)
    return (
      <>
        <p className="note note-warn panel-note">{`${t.reader.noPicture}: ${sentence(failure)}`}</p>
        <PageWords place={p} page={page} name={name} />
      </>
    );
  const label = t.reader.pictureOf(p.name, name);
  return (
    <div className="page-frame" ref={box} tabIndex={0} role="region" aria-label={label} aria-busy={!value}>
      {value && (
        <figure className={`page-picture ${zoomed ? "page-picture-zoomed" : ""}`}>
          <img src={`data:image/png;base64,${value.image.png}`} alt={label} width={value.image.width} height={value.image.height} />
          {value.boxes.map((b, i) => (
            <i key={i} className="page-mark" aria-hidden="true" style={onPicture(b, value.image)} />
          ))}
        </figure>
      )}
    </div>
  );
}

const around = 1.5; // points of colour around the words

/** A box in points as shares of the picture, which may be shown in any size. */
function onPicture([left, top, right, bottom]: api.Box, { scale, width, height }: api.PageImage) {
  const share = (points: number, pixels: number) => `${((points * scale) / pixels) * 100}%`;
  return {
    left: share(left - around, width),
    top: share(top - around, height),
    width: share(right - left + 2 * around, width),
    height: share(bottom - top + 2 * around, height),
  };
}

export function PageWords({ place: p, page, name }: { place: Place; page: number; name: string }) {
  const { value, failure } = usePage(p, page);
  const box = useRef<HTMLDivElement>(null);
  const pieces = useMemo(() => (value ? cut(value.text, marksOn(p, page, value.text)) : []), [value, p, page]);
  useLayoutEffect(() => {
    const first = box.current?.querySelector<HTMLElement>(".quote-mark") ?? box.current?.querySelector<HTMLElement>(".passage-mark");
    if (first && box.current) box.current.scrollTo({ top: Math.max(0, first.offsetTop - box.current.clientHeight / 3) });
  }, [pieces]);
  if (failure) return <p className="note note-warn panel-note">{`${t.reader.noText}: ${sentence(failure)}`}</p>;
  return (
    <div className="page-frame page-words" ref={box} tabIndex={0} role="region" aria-label={t.reader.textOf(p.name, name)} aria-busy={!value}>
      {pieces.map(({ text, as }, i) =>
        as ? (
          <mark key={i} className={as}>
            {text}
          </mark>
        ) : (
          text
        ),
      )}
    </div>
  );
}

export interface Piece {
  text: string;
  as: "" | "passage-mark" | "quote-mark";
}

/** Cuts a page's text where what is marked begins and ends. */
export function cut(text: string, { passage, quotes }: { passage: Range | null; quotes: readonly Range[] }): Piece[] {
  const ranges = [...(passage ? [passage] : []), ...quotes];
  const at = fromBytes(text, ranges.flatMap((r) => [r.start, r.end]));
  const within = (place: number, from: number, to: number) => ranges.slice(from, to).some((_, i) => at[2 * (from + i)]! <= place && place < at[2 * (from + i) + 1]!);
  const first = passage ? 1 : 0;
  const edges = [...new Set([0, ...at, text.length])].sort((a, b) => a - b);
  return edges.slice(1).map((end, i) => {
    const start = edges[i]!;
    return { text: text.slice(start, end), as: within(start, first, ranges.length) ? "quote-mark" : within(start, 0, first) ? "passage-mark" : "" };
  });
}
