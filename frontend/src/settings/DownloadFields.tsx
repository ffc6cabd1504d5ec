// How downloads go about it, and through what.
import { useState } from "react";
import type { Settings } from "../transport/api";
import { NumberField, Switch, TextField } from "../ui/controls";
import { t } from "../ui/strings";

const s = t.settings;
const megabyte = 1e6;

export function DownloadFields({ value, kept, onChange }: { value: Settings; kept: Settings; onChange: (change: Partial<Settings>) => void }) {
  return (
    <section className="section" aria-labelledby="downloads">
      <h2 id="downloads">{s.downloads}</h2>
      <Switch label={s.adoptOthers} hint={s.adoptOthersHint} checked={value.adoptOthers} onChange={(adoptOthers) => onChange({ adoptOthers })} />
      <NumberField label={s.parallel} hint={s.parallelHint} value={value.parallelDownloads} min={1} max={8} onChange={(parallelDownloads) => onChange({ parallelDownloads })} />
      <NumberField
        label={s.limit}
        hint={s.limitHint}
        value={value.bandwidthLimit / megabyte}
        min={0}
        max={100_000}
        step={0.1}
        onChange={(mb) => onChange({ bandwidthLimit: Math.round(mb * megabyte) })}
      />
      <details className="more">
        <summary>{t.sampling.more}</summary>
        <div className="fields">
          <TextField label={s.proxy} hint={s.proxyHint} value={value.proxy} onSave={(proxy) => onChange({ proxy })} />
          <TextField label={s.caFile} hint={s.caFileHint} value={value.caFile} onSave={(caFile) => onChange({ caFile })} />
          <TextField label={s.endpoint} hint={s.endpointHint} value={value.hfEndpoint} onSave={(hfEndpoint) => onChange({ hfEndpoint })} />
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
      label={s.token}
      hint={s.tokenHint}
      secret
      value={kept ? "••••••••" : ""}
      placeholder={kept ? s.tokenSet : ""}
      onSave={(token) => {
        onSave(token);
        setGeneration(generation + 1);
      }}
    />
  );
}
