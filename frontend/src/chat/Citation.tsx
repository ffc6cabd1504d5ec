// A citation within an answer: a small button that leads to the passage.
import { createContext, useContext, useMemo, type ReactNode } from "react";
import { citationAt } from "../documents/places";
import { pageOf } from "../documents/pieces";
import type { Message } from "../transport/api";
import { useCache } from "../transport/cache";
import { Hint } from "../ui/controls";
import { t } from "../strings";
import { openReader, useView } from "../ui/view";

interface Book {
  /** What a passage is called; null if there is none of that number. */
  name: (n: number) => { name: string; page: string } | null;
  open: (n: number, sentence: number) => void;
}

const BookOf = createContext<Book>({ name: () => null, open: () => {} });

/** Lets citations within find what they stand for. */
export function Citations({ message, children }: { message: Message; children: ReactNode }) {
  const { evidence } = message;
  const book = useMemo<Book>(
    () => ({
      name: (n) => {
        const p = evidence?.passages.find((other) => other.n === n);
        return p ? { name: p.name, page: pageOf(useCache.getState().documents[p.document], p.label, p.page) } : null;
      },
      open: (n, sentence) => evidence && openReader({ title: t.reader.label, ...citationAt(evidence, n, sentence) }),
    }),
    [evidence],
  );
  return <BookOf.Provider value={book}>{children}</BookOf.Provider>;
}

export function Citation({ n, claim, added }: { n?: unknown; claim?: unknown; added?: unknown }) {
  const book = useContext(BookOf);
  const number = Number(n);
  const sentence = Number(claim);
  const passage = book.name(number);
  const current = useView(({ reader }) => reader?.places[reader.at]?.n === number && reader.places[reader.at]?.sentence === sentence);
  if (!passage) return <>[{number}]</>;
  const label = t.evidence.passage(number, passage.name, passage.page);
  return (
    <Hint text={added ? `${label} (${t.evidence.added})` : label} side="top">
      <button type="button" className={`cite ${added ? "cite-added" : ""} ${current ? "cite-current" : ""}`} aria-label={label} onClick={() => book.open(number, sentence)}>
        {number}
      </button>
    </Hint>
  );
}
