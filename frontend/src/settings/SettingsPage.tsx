import { ToggleGroup } from "radix-ui";
import { useEffect, useId, useState } from "react";
import * as api from "../transport/api";
import { putSettings, useCache } from "../transport/cache";
import { emptyCache } from "../transport/reduce";
import { Choice } from "../ui/Choice";
import { Button, CopyButton, NumberField, Switch, TextAreaField } from "../ui/controls";
import { useEdited } from "../ui/edited";
import { bytes, share } from "../ui/format";
import { attempt, notify } from "../ui/notify";
import { Page } from "../ui/Page";
import { languages, t } from "../strings";
import { applyTheme } from "../ui/theme";
import { sizes } from "../ui/zoom";
import { Data } from "./Data";
import { DownloadFields } from "./DownloadFields";
import { SamplingFields } from "./SamplingFields";

export function SettingsPage() {
  const kept = useCache((cache) => cache.settings);
  const [settings, save] = useEdited(kept, (value) =>
    attempt(t.settings.failed, async () => putSettings(await api.saveSettings(value))),
  );
  const set = (change: Partial<api.Settings>) => save({ ...settings, ...change });
  const cores = useCores();
  const desktop = useCache((cache) => cache.about.face === "desktop");
  return (
    <Page title={t.settings.title} intro={t.settings.intro}>
      <section className="section" aria-labelledby="appearance">
        <h2 id="appearance">{t.settings.appearance}</h2>
        <LanguageField value={settings.language} onChange={(language) => set({ language })} />
        <ThemeField value={settings.theme} onChange={(theme) => set({ theme })} />
        <SizeField value={settings.zoom} onChange={(zoom) => set({ zoom })} />
        {desktop && <Switch label={t.alerts.setting} hint={t.alerts.hint} checked={settings.notifications} onChange={(notifications) => set({ notifications })} />}
      </section>

      <section className="section" aria-labelledby="network">
        <h2 id="network">{t.settings.privacy}</h2>
        <Switch
          label={t.settings.network}
          hint={settings.networkAllowed ? t.settings.networkOn : t.settings.networkOff}
          checked={settings.networkAllowed}
          onChange={(networkAllowed) => set({ networkAllowed })}
        />
        <Switch
          label={t.settings.snapshots}
          hint={settings.snapshots ? t.settings.snapshotsOn : t.settings.snapshotsOff}
          checked={settings.snapshots}
          onChange={(snapshots) => set({ snapshots })}
        />
        <ClearSnapshots kept={kept.snapshots} />
      </section>

      <DownloadFields value={settings} kept={kept} onChange={set} />

      <section className="section" aria-labelledby="defaults">
        <h2 id="defaults">{t.settings.defaults}</h2>
        <ModelField value={settings.defaultModel} onChange={(defaultModel) => set({ defaultModel })} />
        <TextAreaField
          label={t.settings.system}
          hint={t.settings.systemHint}
          placeholder={t.settings.systemPlaceholder}
          value={settings.system}
          onChange={(system) => set({ system })}
        />
        <Switch label={t.alerts.autoTitles} hint={t.alerts.autoTitlesHint} checked={settings.autoTitles} onChange={(autoTitles) => set({ autoTitles })} />
        <h3 className="subsection">{t.settings.sampling}</h3>
        <p className="field-hint">{t.settings.samplingHint}</p>
        <SamplingFields value={settings.sampling} onChange={(sampling) => set({ sampling })} />
        <Button small onClick={() => set({ sampling: emptyCache.settings.sampling })}>
          {t.common.reset}
        </Button>
      </section>

      <section className="section" aria-labelledby="engine">
        <h2 id="engine">{t.settings.engine}</h2>
        <NumberField
          label={t.settings.threads}
          hint={t.settings.threadsHint(cores)}
          value={settings.threads}
          min={0}
          max={1024}
          onChange={(threads) => set({ threads })}
        />
        <NumberField
          label={t.settings.context}
          hint={t.settings.contextHint}
          value={settings.contextLength}
          min={0}
          max={10_000_000}
          onChange={(contextLength) => set({ contextLength })}
        />
        <p className="field-hint">{t.settings.engineNote}</p>
      </section>

      <Data />
      <About />
    </Page>
  );
}

/** Removes what models have read of long texts. Not shown when nothing is kept. */
function ClearSnapshots({ kept }: { kept: boolean }) {
  const [size, setSize] = useState(0);
  useEffect(() => {
    let left = false;
    api.snapshotBytes().then(
      (n) => !left && setSize(n),
      () => {}, // a size that cannot be told is not missed
    );
    return () => {
      left = true;
    };
  }, [kept]);
  if (size === 0) return null;
  return (
    <Button
      small
      onClick={() =>
        void attempt(t.settings.snapshotsFailed, async () => {
          await api.clearSnapshots();
          setSize(await api.snapshotBytes());
          notify(t.settings.snapshotsCleared);
        })
      }
    >
      {t.settings.snapshotsClear(bytes(size))}
    </Button>
  );
}

function ThemeField({ value, onChange }: { value: api.Theme; onChange: (theme: api.Theme) => void }) {
  const id = useId();
  // At once, not after the pause before saving.
  useEffect(() => applyTheme(value), [value]);
  return (
    <div className="field field-row">
      <span className="field-label" id={id}>
        {t.settings.theme}
      </span>
      <ToggleGroup.Root className="segments" type="single" value={value} aria-labelledby={id} onValueChange={(v) => v && onChange(v as api.Theme)}>
        {(["system", "light", "dark"] as const).map((theme) => (
          <ToggleGroup.Item key={theme} className="segment" value={theme}>
            {t.settings.themes[theme]}
          </ToggleGroup.Item>
        ))}
      </ToggleGroup.Root>
    </div>
  );
}

function SizeField({ value, onChange }: { value: number; onChange: (zoom: number) => void }) {
  const id = useId();
  return (
    <div className="field field-row">
      <span className="field-label" id={id}>
        {t.alerts.size}
      </span>
      <Choice labelledBy={id} value={String(value || 100)} onChange={(v) => onChange(v === "100" ? 0 : Number(v))} options={sizes.map((s) => ({ value: String(s), label: share(s) }))} />
    </div>
  );
}

/** Each language under its own name; what is chosen is spoken at once. */
function LanguageField({ value, onChange }: { value: string; onChange: (language: string) => void }) {
  const id = useId();
  return (
    <div className="field field-row">
      <span className="field-label" id={id}>
        {t.settings.language}
      </span>
      <Choice
        labelledBy={id}
        value={value || "system"}
        onChange={(v) => onChange(v === "system" ? "" : v)}
        options={[{ value: "system", label: t.settings.asSystem }, ...Object.entries(languages).map(([tag, label]) => ({ value: tag, label, lang: tag }))]}
      />
    </div>
  );
}

function ModelField({ value, onChange }: { value: string; onChange: (ref: string) => void }) {
  const models = useCache((cache) => cache.models).filter((m) => !m.problem && !m.embeds);
  const id = useId();
  const chosen = models.find((m) => m.ref === value) ?? models[0];
  return (
    <div className="field field-row">
      <span className="field-label" id={id}>
        {t.settings.model}
      </span>
      {chosen ? (
        <Choice labelledBy={id} value={chosen.ref} onChange={onChange} options={models.map((m) => ({ value: m.ref, label: m.name }))} />
      ) : (
        <a href="#/models">{t.settings.modelNone}</a>
      )}
    </div>
  );
}

/** Physical cores; 0 until they are known. */
function useCores(): number {
  const [cores, setCores] = useState(0);
  useEffect(() => {
    let left = false;
    api.hardware().then(
      (h) => !left && setCores(h.physicalCores),
      () => {}, // only a hint needs it
    );
    return () => {
      left = true;
    };
  }, []);
  return cores;
}

function About() {
  const about = useCache((cache) => cache.about);
  return (
    <section className="section" aria-labelledby="about">
      <h2 id="about">{t.settings.about}</h2>
      <dl className="facts facts-wide">
        <div>
          <dt>{t.settings.version}</dt>
          <dd>
            {t.name} {about.version}
          </dd>
        </div>
        <div>
          <dt>{t.settings.home}</dt>
          <dd className="facts-path">
            <code>{about.home}</code>
            <CopyButton text={about.home} label={t.settings.copyHome} />
          </dd>
        </div>
        <div>
          <dt>{t.settings.licence}</dt>
          <dd>{t.settings.licenceText}</dd>
        </div>
      </dl>
    </section>
  );
}
