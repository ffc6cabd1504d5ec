// Presets: made, changed, put away, carried elsewhere.
import { Download, EyeOff, MoreHorizontal, Plus, Upload } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { useRef, useState } from "react";
import type { Preset } from "../transport/api";
import { useCache } from "../transport/cache";
import { Button } from "../ui/controls";
import { Page } from "../ui/Page";
import { t } from "../strings";
import { begin, duplicate, exportPresets, hide, importPresets, remove } from "./actions";
import { PresetIcon } from "./icons";
import { builtins, emptyPreset, isBuiltin } from "./listed";
import { PresetEditor } from "./PresetEditor";
import "./presets.css";

export default function PresetsPage() {
  const kept = useCache((cache) => cache.presets);
  const [editing, setEditing] = useState<Preset | null>(null);
  const file = useRef<HTMLInputElement>(null);
  const mine = kept.filter((p) => !isBuiltin(p));
  const given = builtins(kept);
  const hidden = [...mine, ...given].filter((p) => p.hidden);
  const shown = (all: readonly Preset[]) => all.filter((p) => !p.hidden);
  const cards = (all: readonly Preset[]) => (
    <ul className="presets">
      {all.map((p) => (
        <Card key={p.id} preset={p} onEdit={() => setEditing(p)} />
      ))}
    </ul>
  );
  return (
    <Page title={t.presets.title} intro={t.presets.intro}>
      <div className="add-buttons">
        <Button kind="primary" onClick={() => setEditing(emptyPreset)}>
          <Plus aria-hidden="true" />
          {t.presets.make}
        </Button>
        <Button onClick={() => file.current?.click()}>
          <Upload aria-hidden="true" />
          {t.presets.import}
        </Button>
        {mine.length > 0 && (
          <Button onClick={() => void exportPresets(mine.map((p) => p.id))}>
            <Download aria-hidden="true" />
            {t.presets.exportAll}
          </Button>
        )}
        <input
          ref={file}
          type="file"
          accept=".json,application/json"
          hidden
          aria-label={t.presets.import}
          onChange={(e) => {
            const chosen = e.currentTarget.files?.[0];
            e.currentTarget.value = "";
            if (chosen) void importPresets(chosen);
          }}
        />
      </div>
      <section className="section" aria-labelledby="presets-mine">
        <h2 id="presets-mine">{t.presets.mine}</h2>
        {shown(mine).length > 0 ? cards(shown(mine)) : <p className="field-hint">{t.presets.none}</p>}
      </section>
      {shown(given).length > 0 && (
        <section className="section" aria-labelledby="presets-builtin">
          <h2 id="presets-builtin">{t.presets.builtin}</h2>
          {cards(shown(given))}
        </section>
      )}
      {hidden.length > 0 && (
        <section className="section" aria-labelledby="presets-hidden">
          <h2 id="presets-hidden">{t.presets.hiddenOnes}</h2>
          <ul className="presets-hidden">
            {hidden.map((p) => (
              <li key={p.id}>
                <EyeOff aria-hidden="true" />
                <span>{p.name}</span>
                <Button small aria-label={`${t.presets.unhide}: ${p.name}`} onClick={() => void hide(p, false)}>
                  {t.presets.unhide}
                </Button>
              </li>
            ))}
          </ul>
        </section>
      )}
      {editing && <PresetEditor preset={editing} onClose={() => setEditing(null)} />}
    </Page>
  );
}

function Card({ preset: p, onEdit }: { preset: Preset; onEdit: () => void }) {
  const own = !isBuiltin(p);
  return (
    <li className="preset">
      <PresetIcon preset={p} />
      <div className="preset-words">
        <h3>{p.name}</h3>
        {p.about && <p>{p.about}</p>}
        {p.command && <code>/{p.command}</code>}
      </div>
      <div className="preset-actions">
        <Button small aria-label={`${t.presets.use}: ${p.name}`} onClick={() => begin(p)}>
          {t.presets.use}
        </Button>
        <DropdownMenu.Root modal={false}>
          <DropdownMenu.Trigger className="icon-button" aria-label={t.presets.more(p.name)}>
            <MoreHorizontal />
          </DropdownMenu.Trigger>
          <DropdownMenu.Portal>
            <DropdownMenu.Content className="menu" align="end" sideOffset={4} collisionPadding={8}>
              {own && (
                <DropdownMenu.Item className="menu-item" onSelect={onEdit}>
                  {t.presets.edit}
                </DropdownMenu.Item>
              )}
              <DropdownMenu.Item className="menu-item" onSelect={() => void duplicate(p)}>
                {t.presets.duplicate}
              </DropdownMenu.Item>
              {own && (
                <DropdownMenu.Item className="menu-item" onSelect={() => void exportPresets([p.id])}>
                  {t.presets.export}
                </DropdownMenu.Item>
              )}
              <DropdownMenu.Item className="menu-item" onSelect={() => void hide(p, true)}>
                {t.presets.hide}
              </DropdownMenu.Item>
              {own && (
                <>
                  <DropdownMenu.Separator className="menu-line" />
                  <DropdownMenu.Item className="menu-item menu-item-danger" onSelect={() => void remove(p)}>
                    {t.presets.remove}
                  </DropdownMenu.Item>
                </>
              )}
            </DropdownMenu.Content>
          </DropdownMenu.Portal>
        </DropdownMenu.Root>
      </div>
    </li>
  );
}
