// How downloads go about it, and through what.
import { useState } from "react";
import type { Settings } from "../transport/api";
import { NumberField, Switch, TextField } from "../ui/controls";
import { t } from "../strings";

const megabyte = 1e6;

export function DownloadFields({ value, kept, onChange }: { value: Settings; kept: Settings; onChange: (change: Partial<Settings>) => void }) {
  return (
    <section className="section" aria-labelledby="downloads">
      <h2 id="downloads">{t.settings.downloads}</h2>
      <Switch label={t.settings.adoptOthers} hint={t.settings.adoptOthersHint} checked={value.adoptOthers} onChange={(adoptOthers) => onChange({ adoptOthers })} />
      <NumberField label={t.settings.parallel} hint={t.settings.parallelHint} value={value.parallelDownloads} min={1} max={8} onChange={(parallelDownloads) => onChange({ parallelDownloads })} />
      <NumberField
        label={t.settings.limit}
        hint={t.settings.limitHint}
        value={value.bandwidthLimit / megabyte}
        min={0}
        max={100_000}
        step={0.1}
        onChange={(mb) => onChange({ bandwidthLimit: Math.round(mb * megabyte) })}
      />
      <details className="more">
        <summary>{t.sampling.more}</summary>
        <div className="fields">
          <TextField label={t.settings.proxy} hint={t.settings.proxyHint} value={value.proxy} onSave={(proxy) => onChange({ proxy })} />
          <TextField label={t.settings.caFile} hint={t.settings.caFileHint} value={value.caFile} onSave={(caFile) => onChange({ caFile })} />
          <TextField label={t.settings.endpoint} hint={t.settings.endpointHint} value={value.hfEndpoint} onSave={(hfEndpoint) => onChange({ hfEndpoint })} />
          <Token kept={kept.hfToken !== ""} onSave={(hfToken) => onChange({ hfToken })} />
        </div>
      </details>
    </section>
  );
}

/** The token is never shown again; typing replaces it, emptying the field removes it. */
function Token({ kept, onSave }: { kept: boolean; onSave: (token: string) => void }) {
  const [generation, setGeneration] = useState(0);
  return (
    <TextField
      key={generation}
      label={t.settings.token}
      hint={t.settings.tokenHint}
      secret
      value={kept ? "••••••••" : ""}
      placeholder={kept ? t.settings.tokenSet : ""}
      onSave={(token) => {
        onSave(token);
        setGeneration(generation + 1);
      }}
    />
  );
}
