// Documents, as the rest of the frontend sees them: typed more narrowly than the
// generated modules, and without the nulls that Go's empty lists may arrive as.
import * as bound from "../wailsjs/go/app/App";
import type { app, document as docs, librarian, parse } from "../wailsjs/go/models";

export type DocState = "queued" | "reading" | "embedding" | "ready" | "paused" | "failed";
export type Kind =
  | "pdf" | "docx" | "pptx" | "xlsx" | "odt" | "odp" | "ods" | "csv" | "tsv" | "html" | "epub" | "rtf" | "markdown" | "text" | "code" | "eml" | "msg" | "image" | "unknown";
/** "": by the question. */
export type RouteName = "" | "whole" | "search" | "map" | "sql" | "none";
export type SentenceVerdict = "supported" | "weak" | "unsupported" | "none";

export type Skip = parse.Skip;
export type Receipt = Omit<parse.Receipt, "kind" | "status" | "skipped" | "warnings"> & {
  kind: Kind;
  status: "read" | "partial" | "unread" | "";
  skipped: Skip[];
  warnings: string[];
};
export type Sheet = docs.Sheet;
export type Doc = Omit<docs.Document, "state" | "receipt"> & { state: DocState; receipt: Receipt };
export type Collection = docs.Collection;
export type Sources = Omit<docs.Sources, "route"> & { route: RouteName };
export type Passage = docs.Passage;
export type Query = docs.Query;
export type Quote = docs.Quote;
export type Sentence = Omit<docs.Sentence, "verdict"> & { verdict: SentenceVerdict };
export type Took = docs.Took;
export type Budget = docs.Budget;
export type Evidence = Omit<docs.Evidence, "route" | "sentences" | "query"> & { route: RouteName; sentences: Sentence[]; query?: Query | null };
export type PageInfo = librarian.PageInfo;
export type PageText = librarian.PageText;
export type PageImage = librarian.PageImage;
/** Left, top, right, bottom in points. */
export type Box = [number, number, number, number];
export type Exported = app.Exported;

export interface DocProgress {
  document: string;
  state: DocState;
  done: number;
  /** 0: not known yet. */
  total: number;
  unit: string;
}
export interface MapProgress {
  chatId: string;
  messageId: string;
  done: number;
  total: number;
}

export const noSources: Sources = { documents: [], collections: [], route: "" };
export const hasSources = (s: Sources | undefined): s is Sources => s !== undefined && s.documents.length + s.collections.length > 0;

const list = <T>(items: T[] | null | undefined): T[] => items ?? [];
export const asDoc = (d: docs.Document): Doc => ({
  ...d,
  state: d.state as DocState,
  sheets: list(d.sheets).map((s) => ({ ...s, columns: list(s.columns) })),
  collections: list(d.collections),
  receipt: { ...d.receipt, kind: (d.receipt.kind || "unknown") as Kind, status: d.receipt.status as Receipt["status"], skipped: list(d.receipt.skipped), warnings: list(d.receipt.warnings) },
});
export const asSources = (s: docs.Sources | null | undefined): Sources =>
  s ? { documents: list(s.documents), collections: list(s.collections), route: s.route as RouteName } : noSources;
const asPassage = (p: docs.Passage): Passage => ({ ...p, heading: list(p.heading), scores: { ...p.scores, terms: list(p.scores.terms) } });
export const asEvidence = (e: docs.Evidence | Evidence | null | undefined): Evidence | null =>
  e
    ? {
        ...e,
        route: e.route as RouteName,
        passages: list(e.passages).map(asPassage),
        sentences: list(e.sentences).map((s) => ({ ...s, verdict: s.verdict as SentenceVerdict, cites: list(s.cites), quotes: list(s.quotes) })),
        leftOut: list(e.leftOut),
        query: e.query ? { ...e.query, columns: list(e.query.columns), rows: list(e.query.rows).map(list) } : null,
      }
    : null;

export const documents = async (): Promise<Doc[]> => list(await bound.Documents()).map(asDoc);
export const addDocuments = async (paths: string[], collection: string): Promise<Doc[]> => list(await bound.AddDocuments(paths, collection)).map(asDoc);
export const removeDocuments = (ids: string[]): Promise<void> => bound.RemoveDocuments(ids);
export const pauseDocument = (id: string): Promise<void> => bound.PauseDocument(id);
export const resumeDocument = (id: string): Promise<void> => bound.ResumeDocument(id);
export const retryDocument = (id: string): Promise<void> => bound.RetryDocument(id);

export const collections = async (): Promise<Collection[]> => list(await bound.Collections());
export const createCollection = (name: string, folder: string): Promise<Collection> => bound.CreateCollection(name, folder);
export const renameCollection = (id: string, name: string): Promise<Collection> => bound.RenameCollection(id, name);
export const deleteCollection = (id: string): Promise<void> => bound.DeleteCollection(id);
export const setCollectionDocuments = (id: string, ids: string[]): Promise<void> => bound.SetCollectionDocuments(id, ids);
export const setChatSources = async (chatId: string, s: Sources): Promise<Sources> => asSources(await bound.SetChatSources(chatId, s));

export const documentPages = async (id: string): Promise<PageInfo[]> => list(await bound.DocumentPages(id));
export const documentPage = (id: string, page: number): Promise<PageText> => bound.DocumentPage(id, page);
export const pageImage = (id: string, page: number, dpi: number): Promise<PageImage> => bound.PageImage(id, page, dpi);
export const pageHighlight = async (id: string, page: number, start: number, end: number): Promise<Box[]> =>
  list(await bound.PageHighlight(id, page, start, end)) as unknown as Box[];
export const inspect = async (query: string, s: Sources, limit: number): Promise<Passage[]> => list(await bound.Inspect(query, s, limit)).map(asPassage);
export const neighbours = async (chunk: number): Promise<Passage[]> => list(await bound.Neighbours(chunk)).map(asPassage);
export const exportAnswer = (chatId: string, messageId: string, format: "md" | "pdf"): Promise<Exported> => bound.ExportAnswer(chatId, messageId, format);
export const chooseFolder = (title: string): Promise<string> => bound.ChooseFolder(title);

const mostUploaded = 40; // files of one request

/** Browser only: hands files over, in parts, and answers where the program keeps them. */
export async function uploadFiles(files: readonly File[], progress: (done: number) => void = () => {}): Promise<string[]> {
  const paths: string[] = [];
  for (let i = 0; i < files.length; i += mostUploaded) {
    const form = new FormData();
    for (const f of files.slice(i, i + mostUploaded)) form.append("file", f, f.name);
    const response = await fetch("/upload", { method: "POST", body: form, headers: { "X-Freehold-Upload": "1" } });
    if (!response.ok) throw new Error((await response.text()).trim() || `the upload failed with status ${response.status}`);
    paths.push(...list((await response.json()) as string[] | null));
    progress(Math.min(files.length, i + mostUploaded));
  }
  return paths;
}
