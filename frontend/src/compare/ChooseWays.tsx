// Which models, and with what temperature, are to answer one question.
import { Plus, X } from "lucide-react";
import { Dialog } from "radix-ui";
import { useState } from "react";
import { modelForNewChat, writers } from "../chat/actions";
import { t } from "../strings";
import type { Sampling, Way } from "../transport/api";
import { useCache } from "../transport/cache";
import { Button, IconButton } from "../ui/controls";
import { useView } from "../ui/view";
import { askAgain, chosen, setWays, useCompares } from "./actions";
import { NamedChoice } from "./NamedChoice";
import "./compare.css";

const most = 4;
const asChat = "chat";
const temperatures = [0, 0.3, 0.7, 1, 1.3];

export default function ChooseWays({ chatId, questionId }: { chatId: string; questionId: string }) {
  const models = writers(useCache((cache) => cache.models)).filter((m) => !m.problem);
  const chat = useCache((cache) => cache.opened[chatId]);
  const settings = useCache((cache) => cache.settings);
  const pending = useView((view) => view.pending);
  const sampling: Sampling = chat?.sampling ?? pending.sampling ?? settings.sampling;
  const current = chat?.model ?? modelForNewChat(useCache.getState(), pending.model);
  const [ways, set] = useState<readonly Way[]>(() => useCompares.getState().ways[chatId] ?? firstWays(current, models.map((m) => m.ref), sampling));

  const change = (i: number, way: Partial<Way>) => set(ways.map((w, k) => (k === i ? { ...w, ...way } : w)));
  const another = () => set([...ways, { model: models.find((m) => !ways.some((w) => w.model === m.ref))?.ref ?? current, sampling: null }]);
  const start = () => {
    chosen();
    if (questionId) void askAgain(chatId, questionId, ways);
    else setWays(chatId, ways);
  };
  return (
    <Dialog.Root open onOpenChange={(open) => !open && chosen()}>
      <Dialog.Portal>
        <Dialog.Overlay className="veil" />
        <Dialog.Content className="dialog ways" onCloseAutoFocus={(e) => (e.preventDefault(), document.querySelector<HTMLElement>("#composer")?.focus())}>
          <Dialog.Title className="dialog-title">{t.compare.title}</Dialog.Title>
          <Dialog.Description className="dialog-text">{t.compare.explain}</Dialog.Description>
          <ol className="ways-list">
            {ways.map((way, i) => (
              <li key={i} className="ways-row" aria-label={t.compare.way(i + 1)}>
                <NamedChoice label={`${t.compare.way(i + 1)}: ${t.compare.model}`} value={way.model} options={models.map((m) => ({ value: m.ref, label: m.name }))} onChange={(model) => change(i, { model })} />
                <NamedChoice
                  label={`${t.compare.way(i + 1)}: ${t.compare.temperature}`}
                  value={way.sampling ? String(way.sampling.temperature) : asChat}
                  options={[{ value: asChat, label: t.compare.asChat }, ...choicesFor(way).map((n) => ({ value: String(n), label: t.compare.atTemperature(String(n)) }))]}
                  onChange={(v) => change(i, { sampling: v === asChat ? null : { ...sampling, temperature: Number(v) } })}
                />
                <IconButton label={t.compare.drop(i + 1)} disabled={ways.length <= 2} onClick={() => set(ways.filter((_, k) => k !== i))}>
                  <X />
                </IconButton>
              </li>
            ))}
          </ol>
          <Button small kind="quiet" disabled={ways.length >= most} onClick={another}>
            <Plus aria-hidden="true" />
            {t.compare.add}
          </Button>
          <p className="note">{t.compare.memory}</p>
          <div className="dialog-actions">
            <Button onClick={chosen}>{t.common.cancel}</Button>
            <Button kind="primary" onClick={start}>
              {questionId ? t.compare.startNow : t.compare.start}
            </Button>
          </div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

const choicesFor = (way: Way): number[] => [...new Set([...temperatures, ...(way.sampling ? [way.sampling.temperature] : [])])].sort((a, b) => a - b);

/** The chat's model and another one; with one model only, it and itself at another temperature. */
export function firstWays(current: string, refs: readonly string[], sampling: Sampling): Way[] {
  const other = refs.find((ref) => ref !== current);
  if (other) return [{ model: current, sampling: null }, { model: other, sampling: null }];
  return [{ model: current, sampling: null }, { model: current, sampling: { ...sampling, temperature: sampling.temperature < 0.5 ? 1 : 0 } }];
}
