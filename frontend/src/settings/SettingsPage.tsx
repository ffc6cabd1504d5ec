import { Select, ToggleGroup } from "radix-ui";
import { Check, ChevronDown } from "lucide-react";
import { useEffect, useId, useState } from "react";
import * as api from "../transport/api";
import { putSettings, useCache } from "../transport/cache";
import { emptyCache } from "../transport/reduce";
import { Button, CopyButton, NumberField, Switch, TextAreaField } from "../ui/controls";
import { useEdited } from "../ui/edited";
import { bytes } from "../ui/format";
import { attempt, notify } from "../ui/notify";
import { Page } from "../ui/Page";
import { t } from "../ui/strings";
import { applyTheme } from "../ui/theme";
import { DownloadFields } from "./DownloadFields";
import { SamplingFields } from "./SamplingFields";

const s = t.settings;

export function SettingsPage() {
  const kept = useCache((cache) => cache.settings);
  const [settings, save] = useEdited(kept, (value) =>
    attempt(s.failed, async () => putSettings(await api.saveSettings(value))),
  );
  const set = (change: Partial<api.Settings>) => save({ ...settings, ...change });
  const cores = useCores();
  return (
    <Page title={s.title} intro={s.intro}>
      <section className="section" aria-labelledby="appearance">
        <h2 id="appearance">{s.appearance}</h2>
        <ThemeField value={settings.theme} onChange={(theme) => set({ theme })} />
      </section>

      <section className="section" aria-labelledby="network">
        <h2 id="network">{s.privacy}</h2>
        <Switch
          label={s.network}
          hint={settings.networkAllowed ? s.networkOn : s.networkOff}
          checked={settings.networkAllowed}
          onChange={(networkAllowed) => set({ networkAllowed })}
        />
        <Switch
          label={s.snapshots}
          hint={settings.snapshots ? s.snapshotsOn : s.snapshotsOff}
          checked={settings.snapshots}
          onChange={(snapshots) => set({ snapshots })}
        />
        <ClearSnapshots kept={kept.snapshots} />
      </section>

      <DownloadFields value={settings} kept={kept} onChange={set} />

      <section className="section" aria-labelledby="defaults">
        <h2 id="defaults">{s.defaults}</h2>
        <ModelField value={settings.defaultModel} onChange={(defaultModel) => set({ defaultModel })} />
        <TextAreaField
          label={s.system}
          hint={s.systemHint}
          placeholder={s.systemPlaceholder}
          value={settings.system}
          onChange={(system) => set({ system })}
        />
        <h3 className="subsection">{s.sampling}</h3>
        <p className="field-hint">{s.samplingHint}</p>
        <SamplingFields value={settings.sampling} onChange={(sampling) => set({ sampling })} />
        <Button small onClick={() => set({ sampling: emptyCache.settings.sampling })}>
          {t.common.reset}
        </Button>
      </section>

      <section className="section" aria-labelledby="engine">
        <h2 id="engine">{s.engine}</h2>
        <NumberField
          label={s.threads}
          hint={s.threadsHint(cores)}
          value={settings.threads}
          min={0}
          max={1024}
          onChange={(threads) => set({ threads })}
        />
        <NumberField
          label={s.context}
          hint={s.contextHint}
          value={settings.contextLength}
          min={0}
          max={10_000_000}
          onChange={(contextLength) => set({ contextLength })}
        />
        <p className="field-hint">{s.engineNote}</p>
      </section>

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
        void attempt(s.snapshotsFailed, async () => {
          await api.clearSnapshots();
          setSize(await api.snapshotBytes());
          notify(s.snapshotsCleared);
        })
      }
    >
      {s.snapshotsClear(bytes(size))}
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
        {s.theme}
      </span>
      <ToggleGroup.Root className="segments" type="single" value={value} aria-labelledby={id} onValueChange={(v) => v && onChange(v as api.Theme)}>
        {(["system", "light", "dark"] as const).map((theme) => (
          <ToggleGroup.Item key={theme} className="segment" value={theme}>
            {s.themes[theme]}
          </ToggleGroup.Item>
        ))}
      </ToggleGroup.Root>
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
        {s.model}
      </span>
      {chosen ? (
        <Select.Root value={chosen.ref} onValueChange={onChange}>
          <Select.Trigger className="select" aria-labelledby={id}>
            <Select.Value />
            <Select.Icon>
              <ChevronDown aria-hidden="true" />
            </Select.Icon>
          </Select.Trigger>
          <Select.Portal>
            <Select.Content className="menu" position="popper" sideOffset={4} collisionPadding={12}>
              <Select.Viewport>
                {models.map((m) => (
                  <Select.Item key={m.ref} value={m.ref} className="menu-item">
                    <span className="menu-check">
                      <Select.ItemIndicator>
                        <Check />
                      </Select.ItemIndicator>
                    </span>
                    <Select.ItemText>{m.name}</Select.ItemText>
                  </Select.Item>
                ))}
              </Select.Viewport>
            </Select.Content>
          </Select.Portal>
        </Select.Root>
      ) : (
        <a href="#/models">{s.modelNone}</a>
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
      <h2 id="about">{s.about}</h2>
      <dl className="facts facts-wide">
        <div>
          <dt>{s.version}</dt>
          <dd>
            {t.name} {about.version}
          </dd>
        </div>
        <div>
          <dt>{s.home}</dt>
          <dd className="facts-path">
            <code>{about.home}</code>
            <CopyButton text={about.home} label={s.copyHome} />
          </dd>
        </div>
        <div>
          <dt>{s.licence}</dt>
          <dd>{s.licenceText}</dd>
        </div>
      </dl>
    </section>
  );
}
