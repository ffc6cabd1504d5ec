// All documents, or those of one collection; what they hold can be searched.
import { useMemo, useState } from "react";
import { Section } from "../models/pieces";
import { noSources, type Sources } from "../transport/api";
import { useCache } from "../transport/cache";
import { Button } from "../ui/controls";
import { Page } from "../ui/Page";
import { t } from "../strings";
import { useView } from "../ui/view";
import { AddButtons } from "./AddButtons";
import { CollectionHead, CollectionTabs } from "./Collections";
import { DocumentRow } from "./DocumentRow";
import { Inspector } from "./Inspector";
import { listed } from "./listed";
import { unfinished } from "./SourceChips";

const drawnAtFirst = 60; // rows drawn at first; others on demand
const manyFiles = 8; // from here on the list can be filtered

export function DocumentsPage({ collection: wanted }: { collection: string }) {
  const documents = useCache((cache) => cache.documents);
  const collection = useCache((cache) => cache.collections.find((c) => c.id === wanted));
  const leaving = useView((view) => view.leaving);
  const embeds = useCache((cache) => cache.models.some((m) => m.embeds && !m.problem));
  const [query, setQuery] = useState("");
  const [drawn, setDrawn] = useState(drawnAtFirst);
  const current = collection?.id ?? "";
  const here = useMemo(() => listed(documents, { query: "", collection: current, leaving }), [documents, current, leaving]);
  const shown = useMemo(() => (query.trim() ? listed(documents, { query, collection: current, leaving }) : here), [documents, query, current, leaving, here]);
  const all = Object.keys(documents).length - leaving.filter((id) => documents[id]).length;
  const scope = useMemo<Sources>(() => (current ? { ...noSources, collections: [current] } : noSources), [current]);
  return (
    <Page title={t.documents.title} intro={t.documents.intro}>
      <div className="add-documents">
        <AddButtons goal={current && !collection?.folder ? { collection: current } : {}} />
        <p className="field-hint">
          {t.documents.dropToo} {all === 0 && t.documents.kinds}
        </p>
      </div>
      {!embeds && all > 0 && (
        <div className="callout">
          <div>
            <strong>{t.documents.noEmbedderTitle}</strong>
            <p>{t.documents.noEmbedder}</p>
          </div>
          <a className="button button-small" href="#/models">
            {t.documents.getEmbedder}
          </a>
        </div>
      )}
      {all > 0 && (
        <Section id="inside-title" title={t.inspector.title} text={t.inspector.text}>
          <Inspector sources={scope} />
        </Section>
      )}
      <Section id="files-title" title={t.documents.list}>
        <CollectionTabs current={current} all={all} />
        {collection && <CollectionHead collection={collection} />}
        {here.length > 0 && (
          <div className="files-head">
            <p className="section-sum" role="status">
              {t.documents.sum(here.length, here.filter(unfinished).length)}
            </p>
            {here.length >= manyFiles && <input className="input" type="text" placeholder={t.documents.filter} aria-label={t.documents.filter} value={query} onChange={(e) => setQuery(e.target.value)} />}
          </div>
        )}
        {shown.length > 0 ? (
          <ul className="rows">
            {shown.slice(0, drawn).map((d) => (
              <DocumentRow key={d.id} doc={d} />
            ))}
          </ul>
        ) : (
          <p className="note">{query.trim() ? t.documents.noMatch(query.trim()) : current ? t.documents.noneHere : t.documents.empty}</p>
        )}
        {shown.length > drawn && <Button onClick={() => setDrawn(drawn + 10 * drawnAtFirst)}>{t.documents.more(shown.length - drawn)}</Button>}
      </Section>
    </Page>
  );
}
