// One model of the catalogue.
import { ArrowDownToLine, Check, ChevronDown, ExternalLink } from "lucide-react";
import { Select } from "radix-ui";
import { useState } from "react";
import type { CatalogEntry, CatalogFile } from "../transport/api";
import { useCache } from "../transport/cache";
import { Button } from "../ui/controls";
import { bytes, languageName, parameters, percent } from "../ui/format";
import { t } from "../strings";
import { best } from "./Catalogue";
import { DownloadState } from "./Downloads";
import { FitChip } from "./FitChip";
import { Badge, Facts } from "./pieces";
import { active, downloadOf, pull } from "./pull";
import type { TermsOf } from "./Terms";

/** The first few languages by name, and how many there are besides. */
export function languages(tags: readonly string[]): string {
  return t.catalogue.languages(tags.slice(0, 3).map(languageName), Math.max(0, tags.length - 3));
}

/** What the licence dialog says of an entry. */
export const termsOf = (e: CatalogEntry, ref: string): TermsOf => ({
  ref, name: e.name, licence: e.licence, licenceName: e.licenceName || e.licence, licenceUrl: e.licenceUrl, restrictions: e.restrictions,
});

export function Entry({ entry, allowed, onTerms }: { entry: CatalogEntry; allowed: boolean; onTerms: (terms: TermsOf) => void }) {
  const [chosen, setChosen] = useState("");
  const file = entry.files.find((f) => f.ref === chosen) ?? best(entry);
  const downloads = useCache((cache) => cache.downloads);
  const download = downloadOf(downloads, [entry.ref, ...entry.files.map((f) => f.ref)]);
  if (!file) return null;
  const get = () => (entry.terms && !entry.accepted ? onTerms(termsOf(entry, file.ref)) : void pull(file.ref));
  return (
    <li className="row">
      <div className="row-main">
        <h3 className="row-title">
          {entry.name}
          {entry.recommended && <Badge good>{t.catalogue.recommended}</Badge>}
          {entry.kind !== "chat" && <Badge>{t.catalogue.kinds[entry.kind]}</Badge>}
          <FitChip fit={file.fit} name={entry.name} />
        </h3>
        {entry.summary && <p className="row-text" lang="en">{entry.summary}</p>}
        <Facts
          items={[
            entry.maker,
            entry.parameters > 0 && t.models.parametersOf(parameters(entry.parameters)),
            entry.contextLength > 0 && t.models.context(entry.contextLength),
            entry.languages.length > 0 && languages(entry.languages),
          ]}
        />
        <Facts
          items={[
            entry.licenceUrl ? <a href={entry.licenceUrl}>{entry.licenceName || entry.licence}</a> : entry.licenceName || entry.licence,
            !entry.restrictions && t.catalogue.free,
            entry.homepage && (
              <a href={entry.homepage} title={entry.homepage}>
                {t.models.homepage}
                <ExternalLink aria-hidden="true" />
              </a>
            ),
          ]}
        />
        {entry.restrictions && <p className="row-restrictions">{entry.restrictions}</p>}
        {download?.state === "failed" && <DownloadState download={download} />}
      </div>
      <div className="row-actions row-actions-stacked">
        {file.installed ? (
          <Badge good>{t.models.have}</Badge>
        ) : (
          active(download) ? (
            <Badge good>{t.downloads.share(download?.state ?? "running", percent(download?.done ?? 0, download?.total ?? 0))}</Badge>
          ) : (
            <Button kind={entry.recommended ? "primary" : "plain"} disabled={!allowed || file.fit.verdict === "no"} onClick={get}>
              <ArrowDownToLine aria-hidden="true" />
              {t.models.get}
              <span className="unseen">{entry.name}</span>
              <small>{bytes(file.sizeBytes)}</small>
            </Button>
          )
        )}
        {entry.files.length > 1 && !active(download) && <QuantField name={entry.name} files={entry.files} value={file.ref} onChange={setChosen} />}
      </div>
    </li>
  );
}

function QuantField({ name, files, value, onChange }: { name: string; files: readonly CatalogFile[]; value: string; onChange: (ref: string) => void }) {
  return (
    <Select.Root value={value} onValueChange={onChange}>
      <Select.Trigger className="select select-small" aria-label={t.catalogue.quantOf(name)}>
        <Select.Value />
        <Select.Icon>
          <ChevronDown aria-hidden="true" />
        </Select.Icon>
      </Select.Trigger>
      <Select.Portal>
        <Select.Content className="menu" position="popper" align="end" sideOffset={4} collisionPadding={12}>
          <Select.Viewport>
            {files.map((f) => (
              <Select.Item key={f.ref} value={f.ref} className="menu-item" textValue={f.quant}>
                <span className="menu-check">
                  <Select.ItemIndicator>
                    <Check />
                  </Select.ItemIndicator>
                </span>
                <Select.ItemText>{f.quant}</Select.ItemText>
                <span className={`quant-note fit-${f.fit.verdict}`}>
                  {bytes(f.sizeBytes)}
                  {f.fit.verdict !== "unknown" && ` · ${t.fit.verdicts[f.fit.verdict]}`}
                </span>
              </Select.Item>
            ))}
          </Select.Viewport>
        </Select.Content>
      </Select.Portal>
    </Select.Root>
  );
}
