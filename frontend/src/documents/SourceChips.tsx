// What a chat answers from, over the field where the question is written.
import { Library, TriangleAlert, X } from "lucide-react";
import { useState } from "react";
import { hasSources, type Collection, type Doc } from "../transport/api";
import { useCache } from "../transport/cache";
import { percent } from "../ui/format";
import { t } from "../strings";
import { setSources, useSources } from "./actions";
import { KindIcon } from "./pieces";

const shown = 8; // chips, until more are asked for

export const unfinished = (d: Doc | undefined): boolean => d !== undefined && ["queued", "reading", "embedding"].includes(d.state);

export function SourceChips({ chatId }: { chatId: string }) {
  const sources = useSources(chatId);
  const documents = useCache((cache) => cache.documents);
  const collections = useCache((cache) => cache.collections);
  const [all, setAll] = useState(false);
  if (!hasSources(sources)) return null;
  const chips = [
    ...sources.collections.map((id) => <CollectionChip key={id} collection={collections.find((c) => c.id === id)} onRemove={() => void setSources(chatId, { ...sources, collections: sources.collections.filter((c) => c !== id) })} />),
    ...sources.documents.map((id) => <DocChip key={id} id={id} doc={documents[id]} onRemove={() => void setSources(chatId, { ...sources, documents: sources.documents.filter((d) => d !== id) })} />),
  ];
  return (
    <ul className="chips" aria-label={t.sources.label}>
      {all ? chips : chips.slice(0, shown)}
      {!all && chips.length > shown && (
        <li>
          <button type="button" className="chip chip-more" onClick={() => setAll(true)}>
            {t.sources.more(chips.length - shown)}
          </button>
        </li>
      )}
    </ul>
  );
}

function CollectionChip({ collection: c, onRemove }: { collection: Collection | undefined; onRemove: () => void }) {
  const name = c?.name ?? t.sources.gone;
  return (
    <li className="chip">
      <Library aria-hidden="true" />
      <span className="chip-name" title={c?.folder || name}>
        {name}
      </span>
      {c && <small>{t.documents.counted(c.documents)}</small>}
      <RemoveChip name={name} onRemove={onRemove} />
    </li>
  );
}

function DocChip({ id, doc, onRemove }: { id: string; doc: Doc | undefined; onRemove: () => void }) {
  const progress = useCache((cache) => cache.progress[id]);
  const name = doc?.name ?? t.sources.gone;
  const state = doc ? t.sources.chip[doc.state] : "";
  const share = progress && progress.total > 0 ? percent(progress.done, progress.total) : 0;
  return (
    <li className={`chip ${doc?.state === "failed" || !doc ? "chip-failed" : ""}`}>
      {doc?.state === "failed" ? <TriangleAlert aria-hidden="true" /> : <KindIcon kind={doc?.receipt.kind ?? "unknown"} />}
      <span className="chip-name" title={doc?.path || name}>
        {name}
      </span>
      {state && <small>{state}</small>}
      {unfinished(doc) && <i className="chip-progress" style={{ width: `${share}%` }} aria-hidden="true" />}
      <RemoveChip name={name} onRemove={onRemove} />
    </li>
  );
}

function RemoveChip({ name, onRemove }: { name: string; onRemove: () => void }) {
  return (
    <button type="button" className="chip-remove" aria-label={t.sources.remove(name)} title={t.sources.remove(name)} onClick={onRemove}>
      <X />
    </button>
  );
}
