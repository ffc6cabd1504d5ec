// Answers to one question side by side, as they are written and afterwards.
import { Award, Check, Equal, Rows2, Square, SplitSquareHorizontal } from "lucide-react";
import { MessageView } from "../chat/MessageView";
import { t } from "../strings";
import type { Message } from "../transport/api";
import { useCache } from "../transport/cache";
import { Button, IconButton } from "../ui/controls";
import { fold, goOnWith, judge, showDifferences, stopAnswer } from "./actions";
import "./compare.css";

interface Props {
  /** In the order in which they were asked for. */
  answers: readonly Message[];
  /** The one that the chat goes on with. */
  shown: string;
  hues: ReadonlyMap<string, number>;
  names: ReadonlyMap<string, string>;
  idle: boolean;
}

export default function Trial({ answers, shown, hues, names, idle }: Props) {
  const first = answers[0]!;
  const done = answers.every((m) => m.status !== "streaming");
  const judged = answers.some((m) => m.trial?.verdict);
  return (
    <section className="trial" aria-label={t.compare.region(answers.length)}>
      <div className={`trial-columns trial-columns-${answers.length}`}>
        {answers.map((m) => (
          <Column key={m.id} message={m} name={names.get(m.model) ?? m.model} hue={hues.get(m.model) ?? 0} shown={m.id === shown} done={done} idle={idle} />
        ))}
      </div>
      {done && (
        <footer className="trial-foot">
          <p>{judged ? t.compare.kept : t.compare.verdict}</p>
          <Button small kind="quiet" aria-pressed={first.trial?.verdict === "alike"} onClick={() => void judge(first, first.trial?.verdict === "alike" ? "" : "alike")}>
            {first.trial?.verdict === "alike" ? <Check aria-hidden="true" /> : <Equal aria-hidden="true" />}
            {t.compare.alike}
          </Button>
          <span className="trial-space" />
          <Button small kind="quiet" onClick={() => showDifferences({ chatId: first.chatId, a: first.id, b: answers[1]!.id })}>
            <SplitSquareHorizontal aria-hidden="true" />
            {t.compare.differences}
          </Button>
          <Button small kind="quiet" onClick={() => fold(first.trial!.id, true)}>
            <Rows2 aria-hidden="true" />
            {t.compare.fold}
          </Button>
        </footer>
      )}
    </section>
  );
}

function Column({ message: m, name, hue, shown, done, idle }: { message: Message; name: string; hue: number; shown: boolean; done: boolean; idle: boolean }) {
  const perSecond = useCache((cache) => cache.live[m.id]?.perSecond ?? 0);
  const writing = m.status === "streaming";
  const best = m.trial?.verdict === "best";
  const temperature = m.trial?.sampling?.temperature;
  return (
    <div className={`column hue-${hue} ${shown ? "column-shown" : ""}`}>
      <header className="column-head">
        <span className="hue" aria-hidden="true" />
        <strong>{name}</strong>
        {temperature !== undefined && <span className="column-facts">{t.compare.atTemperature(String(temperature))}</span>}
        {best && (
          <span className="column-best">
            <Award aria-hidden="true" />
            {t.compare.isBest}
          </span>
        )}
        <span className="trial-space" />
        {writing && perSecond > 0 && <span className="column-facts">{t.composer.speed(perSecond)}</span>}
        {writing && (
          <IconButton label={t.compare.stop(name)} side="top" onClick={() => void stopAnswer(m)}>
            <Square />
          </IconButton>
        )}
      </header>
      <MessageView message={m} versions="" modelName={name} last idle={idle} />
      {!writing && (
        <footer className="column-foot">
          {shown && done ? (
            <p className="column-goes">{t.compare.goesOn}</p>
          ) : (
            <Button small disabled={!done || m.status === "error"} onClick={() => void goOnWith(m)}>
              {t.compare.goOn}
            </Button>
          )}
          <Button small kind="quiet" disabled={!done} aria-pressed={best} onClick={() => void judge(m, best ? "" : "best")}>
            <Award aria-hidden="true" />
            {best ? t.compare.unbest : t.compare.best}
          </Button>
        </footer>
      )}
    </div>
  );
}
