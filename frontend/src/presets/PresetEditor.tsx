// Makes or changes one preset, in a sheet at the side.
import { X } from "lucide-react";
import { Dialog, RadioGroup } from "radix-ui";
import { useId, useState } from "react";
import { modelFacts } from "../chat/ModelPicker";
import { writers } from "../chat/actions";
import { SamplingFields } from "../settings/SamplingFields";
import type { Preset } from "../transport/api";
import { useCache } from "../transport/cache";
import { Choice } from "../ui/Choice";
import { Button, Confirm, IconButton, Switch, TextAreaField } from "../ui/controls";
import { t } from "../strings";
import { save } from "./actions";
import { colours, icons, PresetIcon } from "./icons";

const any = "any"; // a choice takes no empty value

export function PresetEditor({ preset, onClose }: { preset: Preset; onClose: () => void }) {
  const [p, setP] = useState(preset);
  const [examples, setExamples] = useState(preset.examples.join("\n"));
  const [leaving, setLeaving] = useState(false);
  const settings = useCache((cache) => cache.settings);
  const set = (change: Partial<Preset>) => setP({ ...p, ...change });
  const changed = JSON.stringify(p) !== JSON.stringify(preset) || examples !== preset.examples.join("\n");
  const leave = () => (changed ? setLeaving(true) : onClose());
  const keep = async () => {
    if (await save({ ...p, examples: examples.split("\n").map((e) => e.trim()).filter(Boolean) })) onClose();
  };
  return (
    <Dialog.Root open onOpenChange={(open) => !open && leave()}>
      <Dialog.Portal>
        <Dialog.Overlay className="veil veil-light" />
        <Dialog.Content
          className="sheet preset-editor"
          aria-describedby={undefined}
          onOpenAutoFocus={(e) => {
            e.preventDefault();
            (e.currentTarget as HTMLElement).querySelector("input")?.focus();
          }}
        >
          <header className="sheet-head">
            <Dialog.Title className="sheet-title">{preset.id ? t.presets.editing : t.presets.making}</Dialog.Title>
            <Dialog.Close asChild>
              <IconButton label={t.common.close} side="left">
                <X />
              </IconButton>
            </Dialog.Close>
          </header>
          <form
            className="sheet-body"
            onSubmit={(e) => {
              e.preventDefault();
              void keep();
            }}
          >
            <Line label={t.presets.name} value={p.name} most={80} onChange={(name) => set({ name })} />
            <Line label={t.presets.about} value={p.about} most={200} onChange={(about) => set({ about })} />
            <Look preset={p} onChange={set} />
            <TextAreaField label={t.presets.system} hint={t.presets.systemHint} rows={5} value={p.system} onChange={(system) => set({ system })} />
            <TextAreaField label={t.presets.prompt} hint={t.presets.promptHint} rows={4} value={p.prompt} onChange={(prompt) => set({ prompt })} />
            <Line label={t.presets.command} hint={t.presets.commandHint} value={p.command} most={41} onChange={(command) => set({ command })} />
            <ModelLine value={p.model} onChange={(model) => set({ model })} />
            <Sources preset={p} onChange={set} />
            <TextAreaField label={t.presets.examples} hint={t.presets.examplesHint} rows={3} value={examples} onChange={setExamples} />
            <Switch label={t.presets.ownSampling} checked={p.sampling !== null} onChange={(on) => set({ sampling: on ? settings.sampling : null })} />
            {p.sampling && <SamplingFields value={p.sampling} onChange={(sampling) => set({ sampling })} />}
            <div className="preset-save">
              <Button onClick={leave}>{t.common.cancel}</Button>
              <Button kind="primary" type="submit" disabled={p.name.trim() === "" || !changed}>
                {t.common.save}
              </Button>
            </div>
          </form>
          <Confirm open={leaving} title={t.presets.unsaved} text={p.name} action={t.common.remove} onConfirm={onClose} onClose={() => setLeaving(false)} />
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Line({ label, hint, value, most, onChange }: { label: string; hint?: string; value: string; most: number; onChange: (text: string) => void }) {
  const id = useId();
  return (
    <div className="field">
      <label className="field-label" htmlFor={id}>
        {label}
      </label>
      <input id={id} className="input" type="text" autoComplete="off" maxLength={most} value={value} aria-describedby={hint ? `${id}-hint` : undefined} onChange={(e) => onChange(e.target.value)} />
      {hint && (
        <p className="field-hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

function Look({ preset: p, onChange }: { preset: Preset; onChange: (change: Partial<Preset>) => void }) {
  return (
    <div className="field">
      <p className="field-label">{t.presets.look}</p>
      <RadioGroup.Root className="swatches" aria-label={t.presets.colour} value={p.colour} onValueChange={(colour) => onChange({ colour })}>
        {colours.map((c) => (
          <RadioGroup.Item key={c} value={c} className={`swatch hue-${c}`} aria-label={t.presets.colours[c]} title={t.presets.colours[c]} />
        ))}
      </RadioGroup.Root>
      <RadioGroup.Root className="swatches" aria-label={t.presets.icon} value={p.icon} onValueChange={(icon) => onChange({ icon })}>
        {Object.keys(icons).map((icon) => (
          <RadioGroup.Item key={icon} value={icon} className="swatch-icon" aria-label={t.presets.icons[icon]} title={t.presets.icons[icon]}>
            <PresetIcon preset={{ icon, colour: p.colour }} />
          </RadioGroup.Item>
        ))}
      </RadioGroup.Root>
    </div>
  );
}

function ModelLine({ value, onChange }: { value: string; onChange: (ref: string) => void }) {
  const id = useId();
  const models = useCache((cache) => cache.models);
  const options = writers(models).map((m) => ({ value: m.ref, label: [m.name, modelFacts(m)].filter(Boolean).join(" · ") }));
  if (value && !options.some((o) => o.value === value)) options.push({ value, label: t.presets.modelGone(value) });
  return (
    <div className="field">
      <p className="field-label" id={id}>
        {t.presets.model}
      </p>
      <Choice labelledBy={id} value={value || any} options={[{ value: any, label: t.presets.modelAny }, ...options]} onChange={(v) => onChange(v === any ? "" : v)} />
    </div>
  );
}

function Sources({ preset: p, onChange }: { preset: Preset; onChange: (change: Partial<Preset>) => void }) {
  const documents = useCache((cache) => cache.documents);
  const collections = useCache((cache) => cache.collections);
  const all = Object.values(documents);
  if (all.length + collections.length === 0) return null;
  const toggle = (key: "documents" | "collections", id: string, on: boolean) =>
    onChange({ sources: { ...p.sources, [key]: on ? [...p.sources[key], id] : p.sources[key].filter((other) => other !== id) } });
  const row = (key: "documents" | "collections", id: string, name: string) => (
    <label key={id} className="choice">
      <input type="checkbox" checked={p.sources[key].includes(id)} onChange={(e) => toggle(key, id, e.target.checked)} />
      <span className="choice-name">{name}</span>
    </label>
  );
  return (
    <fieldset className="field preset-sources">
      <legend className="field-label">{t.presets.sources}</legend>
      <p className="field-hint">{t.presets.sourcesHint}</p>
      <div className="choices" tabIndex={0} role="group" aria-label={t.presets.sources}>
        {collections.map((c) => row("collections", c.id, c.name))}
        {all.slice(0, 200).map((d) => row("documents", d.id, d.name))}
      </div>
    </fieldset>
  );
}
