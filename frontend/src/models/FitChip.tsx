// How a model will run on this machine, in two words; the numbers on demand.
import { CircleAlert, CircleCheck, CircleHelp, CircleX, Turtle } from "lucide-react";
import { Popover } from "radix-ui";
import type { Fit, Verdict } from "../transport/api";
import { bytes, count, rate, sentence } from "../ui/format";
import { t } from "../strings";

const icons = { well: CircleCheck, slow: Turtle, tight: CircleAlert, no: CircleX, unknown: CircleHelp } as const;

export const verdictRank: Record<Verdict, number> = { well: 0, slow: 1, tight: 2, unknown: 3, no: 4 };

export function FitChip({ fit, name }: { fit: Fit | null | undefined; name: string }) {
  if (!fit || fit.verdict === "unknown") return null;
  const Icon = icons[fit.verdict];
  return (
    <Popover.Root>
      <Popover.Trigger className={`fit fit-${fit.verdict}`}>
        <Icon aria-hidden="true" />
        {t.fit.verdicts[fit.verdict]}
        {fit.perSecond > 0 && fit.verdict !== "no" && <span className="fit-rate">{t.fit.rate(fit.perSecond)}</span>}
        <span className="unseen">{t.fit.numbersOf(name)}</span>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content className="popover fit-numbers" aria-label={t.fit.numbersOf(name)} side="bottom" align="start" sideOffset={6} collisionPadding={12}>
          <FitNumbers fit={fit} />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

/** Memory needed beside memory free, as a bar and in words. */
export function FitNumbers({ fit }: { fit: Fit }) {
  const scale = Math.max(fit.total, fit.available, 1);
  const parts = [
    ["weights", fit.weights, t.fit.weights],
    ["kv", fit.kv, t.fit.kv(fit.context)],
    ["buffers", fit.buffers, t.fit.buffers],
  ] as const;
  return (
    <>
      {fit.why && <p className="fit-why">{sentence(fit.why)}</p>}
      {fit.total > 0 && (
        <>
          <div className="fit-bar" role="img" aria-label={t.fit.bar(bytes(fit.total), bytes(fit.available))}>
            {parts.map(([kind, size]) => (
              <span key={kind} className={`fit-part fit-part-${kind}`} style={{ width: `${(100 * size) / scale}%` }} />
            ))}
            <span className="fit-free" style={{ left: `${(100 * fit.available) / scale}%` }} />
          </div>
          <dl className="facts">
            {parts.map(([kind, size, label]) => (
              <div key={kind}>
                <dt>
                  <span className={`fit-key fit-part-${kind}`} aria-hidden="true" />
                  {label}
                </dt>
                <dd>{bytes(size)}</dd>
              </div>
            ))}
            <div>
              <dt>{t.fit.sum}</dt>
              <dd>{t.fit.of(bytes(fit.total), bytes(fit.available))}</dd>
            </div>
            {fit.perSecond > 0 && (
              <div>
                <dt>{t.fit.speed}</dt>
                <dd>{t.fit.rates(rate(fit.perSecond), fit.prefillPerSecond > 0 ? rate(fit.prefillPerSecond) : "")}</dd>
              </div>
            )}
            {fit.longestContext > 0 && (
              <div>
                <dt>{t.fit.longest}</dt>
                <dd>{t.fit.tokens(count(fit.longestContext))}</dd>
              </div>
            )}
          </dl>
        </>
      )}
    </>
  );
}
