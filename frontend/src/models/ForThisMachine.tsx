// The one model that this machine should begin with, and one button for it.
import { ArrowDownToLine, MessageSquare } from "lucide-react";
import { useState } from "react";
import type { CatalogEntry } from "../transport/api";
import { useCache } from "../transport/cache";
import { Button } from "../ui/controls";
import { bytes } from "../ui/format";
import { t } from "../strings";
import { best, Offline } from "./Catalogue";
import { chatWith, DownloadState } from "./Downloads";
import { termsOf } from "./Entry";
import { FitChip } from "./FitChip";
import { active, downloadOf, pull } from "./pull";
import { Terms, type TermsOf } from "./Terms";

/** The catalogue's choice for chats on this machine. */
export const recommended = (entries: readonly CatalogEntry[] | null): CatalogEntry | undefined =>
  entries?.find((e) => e.recommended && e.kind === "chat");

export function ForThisMachine({ entry }: { entry: CatalogEntry }) {
  const allowed = useCache((cache) => cache.settings.networkAllowed);
  const downloads = useCache((cache) => cache.downloads);
  const models = useCache((cache) => cache.models);
  const [terms, setTerms] = useState<TermsOf | null>(null);
  const file = best(entry);
  if (!file) return null;
  const refs = [entry.ref, ...entry.files.map((f) => f.ref)];
  const download = downloadOf(downloads, refs);
  const here = models.find((m) => refs.includes(m.ref) && !m.problem) ?? models.find((m) => refs.some((r) => downloads[r]?.model === m.ref));
  return (
    <section className="for-this-machine" aria-labelledby="for-this-machine">
      <div className="for-text">
        <h2 id="for-this-machine" className="for-title">
          {t.forMachine.title}
        </h2>
        <p className="for-name">
          {entry.name} <FitChip fit={file.fit} name={entry.name} />
        </p>
        <p className="row-text" lang="en">{entry.summary}</p>
        {download && <DownloadState download={download} />}
      </div>
      {here ? (
        <Button kind="primary" onClick={() => chatWith(here.ref)}>
          <MessageSquare aria-hidden="true" />
          {t.downloads.chat}
        </Button>
      ) : (
        !active(download) && (
          <Button
            kind="primary"
            disabled={!allowed}
            onClick={() => (entry.terms && !entry.accepted ? setTerms(termsOf(entry, file.ref)) : void pull(file.ref))}
          >
            <ArrowDownToLine aria-hidden="true" />
            {t.forMachine.get}
            <small>{bytes(file.sizeBytes)}</small>
          </Button>
        )
      )}
      {!allowed && !here && <Offline />}
      <Terms of={terms} onClose={() => setTerms(null)} />
    </section>
  );
}
