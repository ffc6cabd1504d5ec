// How full the model's context would be with the next message.
import { Popover } from "radix-ui";
import { useEffect, useState } from "react";
import * as api from "../transport/api";
import { count, percent, sentence, share as written } from "../ui/format";
import { t } from "../strings";

const pause = 350; // ms without a key before the tokens are counted again

/** Counts again a moment after the draft or anything named in changed has changed. Keeps the last figures meanwhile. */
function useContextUse(chatId: string, draft: string, changed: string): api.ContextUse | null {
  const [use, setUse] = useState<api.ContextUse | null>(null);
  useEffect(() => {
    let stale = false;
    const timer = setTimeout(() => {
      api.contextUse(chatId, draft).then(
        (u) => !stale && setUse(u),
        () => !stale && setUse(null), // no model, no gauge: the composer says why
      );
    }, pause);
    return () => {
      stale = true;
      clearTimeout(timer);
    };
  }, [chatId, draft, changed]);
  return use;
}

/** leftOut: what of the documents the last answer was not given, for people. */
export function ContextGauge({ chatId, draft, changed, leftOut }: { chatId: string; draft: string; changed: string; leftOut: readonly string[] }) {
  const use = useContextUse(chatId, draft, changed);
  if (!use || use.limit <= 0) return null;
  const share = percent(use.total, use.limit);
  const level = use.leftOut > 0 || use.total > use.limit ? "full" : share > 85 ? "high" : "fine";
  const parts: [string, number][] = [
    [t.context.system, use.system],
    [t.context.documents, use.documents],
    [t.context.history, use.history],
    [t.context.draft, use.draft],
    [t.context.answer, use.answer],
    [t.context.free, Math.max(0, use.limit - use.total)],
  ];
  const radius = 6.5;
  const around = 2 * Math.PI * radius;
  return (
    <Popover.Root>
      <Popover.Trigger className={`gauge gauge-${level}`} aria-label={t.context.label(use.total, use.limit)}>
        <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
          <circle className="gauge-track" cx="8" cy="8" r={radius} />
          <circle className="gauge-fill" cx="8" cy="8" r={radius} strokeDasharray={`${(share / 100) * around} ${around}`} transform="rotate(-90 8 8)" />
        </svg>
        <span>{written(share)}</span>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content className="popover facts-popover" side="top" align="end" sideOffset={8} collisionPadding={12} aria-label={t.context.title}>
          <p className="popover-title">{t.context.title}</p>
          <div className="gauge-bar" aria-hidden="true">
            {parts.slice(0, -1).map(([name, tokens], i) => (
              <i key={name} className={`gauge-part gauge-part-${i}`} style={{ width: `${percent(tokens, use.limit)}%` }} />
            ))}
          </div>
          <dl className="facts">
            {parts.map(([name, tokens], i) => (
              <div key={name}>
                <dt>
                  <i className={`gauge-key gauge-part-${i}`} aria-hidden="true" />
                  {name}
                </dt>
                <dd>{count(tokens)}</dd>
              </div>
            ))}
            <div className="facts-sum">
              <dt>{t.context.sum}</dt>
              <dd>{t.context.of(use.total, use.limit)}</dd>
            </div>
          </dl>
          {leftOut.length > 0 && (
            <div className="note note-warn">
              <p>{t.evidence.leftOut}</p>
              <ul className="left-out">
                {leftOut.slice(0, 4).map((what) => (
                  <li key={what}>{sentence(what)}</li>
                ))}
                {leftOut.length > 4 && <li>{t.evidence.moreLeftOut(leftOut.length - 4)}</li>}
              </ul>
            </div>
          )}
          {use.leftOut > 0 && <p className="note note-warn">{t.context.leftOut(use.leftOut)}</p>}
          <p className="popover-note">{t.context.explain}</p>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
