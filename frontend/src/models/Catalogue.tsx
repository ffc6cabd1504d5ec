// The curated list, with this machine's verdict on each model.
import { Search, TriangleAlert, WifiOff } from "lucide-react";
import { ToggleGroup } from "radix-ui";
import { useCallback, useEffect, useMemo, useState } from "react";
import * as api from "../transport/api";
import { useCache } from "../transport/cache";
import { Button } from "../ui/controls";
import { sentence } from "../ui/format";
import { messageOf } from "../ui/notify";
import { t } from "../strings";
import { Entry } from "./Entry";
import { verdictRank } from "./FitChip";
import { Section } from "./pieces";
import { setNetwork } from "./pull";
import { Terms, type TermsOf } from "./Terms";

type Kind = api.ModelKind | "all";

export interface CatalogueState {
  entries: api.CatalogEntry[] | null;
  failure: string;
  read: () => void;
}

export function useCatalogue(): CatalogueState {
  const models = useCache((cache) => cache.models);
  const [entries, setEntries] = useState<api.CatalogEntry[] | null>(null);
  const [failure, setFailure] = useState("");
  const read = useCallback(() => {
    setFailure("");
    api.catalog().then(setEntries, (e: unknown) => setFailure(messageOf(e)));
  }, []);
  // What is installed is part of an entry, so a change of models asks again.
  useEffect(read, [read, models]);
  return { entries, failure, read };
}

const words = (e: api.CatalogEntry): string =>
  [e.name, e.maker, e.family, e.kind, e.summary, e.licenceName, ...e.goodFor, ...e.languages].join(" ").toLowerCase();

export const best = (e: api.CatalogEntry): api.CatalogFile | undefined => e.files.find((f) => f.default) ?? e.files[0];

/** The entries that are asked for: what runs well first, otherwise in the catalogue's order. */
export function shownEntries(entries: readonly api.CatalogEntry[], query: string, kind: Kind, fitting: boolean): api.CatalogEntry[] {
  const asked = query.toLowerCase().split(/\s+/).filter(Boolean);
  // Those that write come before those that search, unless one kind is asked for.
  const writes = (e: api.CatalogEntry) => kind !== "all" || !["embedding", "reranking"].includes(e.kind);
  const rank = (e: api.CatalogEntry) => verdictRank[best(e)?.fit.verdict ?? "unknown"];
  return entries
    .filter((e) => (kind === "all" || e.kind === kind) && asked.every((word) => words(e).includes(word)))
    .filter((e) => !fitting || e.files.some((f) => f.fit.verdict === "well" || f.fit.verdict === "slow"))
    .map((e, i) => ({ e, i }))
    .sort((a, b) => Number(writes(b.e)) - Number(writes(a.e)) || Number(b.e.recommended) - Number(a.e.recommended) || rank(a.e) - rank(b.e) || a.i - b.i)
    .map(({ e }) => e);
}

export function Catalogue({ entries, failure, read }: CatalogueState) {
  const allowed = useCache((cache) => cache.settings.networkAllowed);
  const [query, setQuery] = useState("");
  const [kind, setKind] = useState<Kind>("all");
  const [fitting, setFitting] = useState(false);
  const [terms, setTerms] = useState<TermsOf | null>(null);
  const shown = useMemo(() => shownEntries(entries ?? [], query, kind, fitting), [entries, query, kind, fitting]);
  return (
    <Section id="catalogue-title" title={t.models.catalogue} text={t.catalogue.text}>
      {!allowed && <Offline />}
      {failure && (
        <div className="callout" role="alert">
          <TriangleAlert aria-hidden="true" />
          <div>
            <strong>{t.models.catalogueFailed}</strong>
            <p>{sentence(failure)}</p>
          </div>
          <Button small onClick={read}>
            {t.common.retry}
          </Button>
        </div>
      )}
      {entries && !failure && (
        <>
          <div className="filters">
            <div className="filter-search" role="search" aria-label={t.models.catalogue}>
              <Search aria-hidden="true" />
              <input
                className="input"
                type="text"
                aria-label={t.catalogue.search}
                placeholder={t.catalogue.search}
                spellCheck={false}
                value={query}
                onChange={(e) => setQuery(e.target.value)}
              />
            </div>
            <ToggleGroup.Root className="segments" type="single" value={kind} aria-label={t.catalogue.kind} onValueChange={(v) => v && setKind(v as Kind)}>
              {(["all", "chat", "code", "reasoning", "embedding", "reranking"] as const).map((k) => (
                <ToggleGroup.Item key={k} className="segment" value={k}>
                  {t.catalogue.kinds[k]}
                </ToggleGroup.Item>
              ))}
            </ToggleGroup.Root>
            <label className="check">
              <input type="checkbox" checked={fitting} onChange={(e) => setFitting(e.target.checked)} />
              {t.catalogue.fitting}
            </label>
          </div>
          <p className="unseen" role="status">
            {t.catalogue.found(shown.length)}
          </p>
          {shown.length === 0 ? (
            <p className="section-text">{t.catalogue.none}</p>
          ) : (
            <ul className="rows">
              {shown.map((entry) => (
                <Entry key={entry.ref} entry={entry} allowed={allowed} onTerms={setTerms} />
              ))}
            </ul>
          )}
        </>
      )}
      <Terms of={terms} onClose={() => setTerms(null)} onPulled={read} />
    </Section>
  );
}

export function Offline() {
  return (
    <div className="callout">
      <WifiOff aria-hidden="true" />
      <div>
        <strong>{t.models.offlineTitle}</strong>
        <p>{t.models.offline}</p>
      </div>
      <Button small onClick={() => void setNetwork(true)}>
        {t.models.allow}
      </Button>
    </div>
  );
}
