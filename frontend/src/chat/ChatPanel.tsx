// The instructions and the sampling of one chat, in a sheet at the side.
import { X } from "lucide-react";
import { useId } from "react";
import { Dialog } from "radix-ui";
import * as api from "../transport/api";
import { putChat, useCache } from "../transport/cache";
import { Button, IconButton, TextAreaField } from "../ui/controls";
import { Choice } from "../ui/Choice";
import { useEdited } from "../ui/edited";
import { attempt } from "../ui/notify";
import { t } from "../strings";
import { setPanel, setPending, useView } from "../ui/view";
import { applyTo, dropChosen } from "../presets/actions";
import { usePresets } from "../presets/listed";
import { SamplingFields } from "../settings/SamplingFields";

export function ChatPanel({ chatId }: { chatId: string }) {
  const open = useView((view) => view.panel);
  return (
    <Dialog.Root open={open} onOpenChange={setPanel}>
      <Dialog.Portal>
        <Dialog.Overlay className="veil veil-light" />
        <Dialog.Content className="sheet" aria-describedby={undefined}
          onOpenAutoFocus={(e) => {
            e.preventDefault(); // the first field, not the close button with its tooltip
            (e.currentTarget as HTMLElement).querySelector("textarea")?.focus();
          }}
        >
          <header className="sheet-head">
            <Dialog.Title className="sheet-title">{t.panel.title}</Dialog.Title>
            <Dialog.Close asChild>
              <IconButton label={t.common.close}>
                <X />
              </IconButton>
            </Dialog.Close>
          </header>
          <PanelFields key={chatId} chatId={chatId} />
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

interface Choices {
  system: string;
  sampling: api.Sampling;
}

/** Changes what the cache knows of an opened chat. */
function patch(chatId: string, change: Partial<Choices>): void {
  const chat = useCache.getState().opened[chatId];
  if (chat) putChat({ ...chat, ...change });
}

function PanelFields({ chatId }: { chatId: string }) {
  const chat = useCache((cache) => cache.opened[chatId]);
  const settings = useCache((cache) => cache.settings);
  const pending = useView((view) => view.pending);
  const kept: Choices = chat ?? { system: pending.system ?? settings.system, sampling: pending.sampling ?? settings.sampling };

  const [system, setSystem] = useEdited(kept.system, async (value) => {
    if (!chatId) return setPending({ system: value }), true;
    return attempt(t.panel.failed, async () => {
      await api.setChatSystem(chatId, value);
      patch(chatId, { system: value });
    });
  });
  const [sampling, setSampling] = useEdited(kept.sampling, async (value) => {
    if (!chatId) return setPending({ sampling: value }), true;
    return attempt(t.panel.failed, async () => {
      await api.setChatSampling(chatId, value);
      patch(chatId, { sampling: value });
    });
  });
  return (
    <div className="sheet-body">
      <PresetField chatId={chatId} />
      <TextAreaField label={t.panel.system} hint={t.panel.systemHint} placeholder={t.panel.systemPlaceholder} rows={6} value={system} onChange={setSystem} />
      <h3 className="sheet-section">{t.panel.sampling}</h3>
      <SamplingFields value={sampling} onChange={setSampling} />
      <Button
        small
        kind="quiet"
        onClick={() => {
          setSystem(settings.system);
          setSampling(settings.sampling);
        }}
      >
        {t.panel.useDefaults}
      </Button>
    </div>
  );
}

const none = "none"; // a choice takes no empty value

/** Takes instructions, model, sampling and documents from a preset. */
function PresetField({ chatId }: { chatId: string }) {
  const id = useId();
  const all = usePresets();
  const pending = useView((view) => view.pending.preset?.id);
  if (all.length === 0) return null;
  const options = all.map((p) => ({ value: p.id, label: p.name }));
  return (
    <div className="field">
      <p className="field-label" id={id}>
        {t.presets.apply}
      </p>
      <Choice
        labelledBy={id}
        value={(!chatId && pending) || none}
        options={[{ value: none, label: t.presets.choose }, ...options]}
        onChange={(value) => {
          const preset = all.find((p) => p.id === value);
          if (preset) void applyTo(chatId, preset);
          else if (!chatId) dropChosen();
        }}
      />
    </div>
  );
}
