// One message of a conversation, with what can be done about it.
import { ChevronLeft, ChevronRight, ChevronDown, Info, Pencil, RotateCcw, TriangleAlert } from "lucide-react";
import { Popover } from "radix-ui";
import { memo, useEffect, useId, useMemo, useRef, useState } from "react";
import { EvidenceStrip } from "../documents/EvidenceStrip";
import { ExportMenu } from "../documents/ExportMenu";
import type { Message } from "../transport/api";
import { useCache } from "../transport/cache";
import type { Live } from "../transport/reduce";
import { Button, CopyButton, IconButton, Progress } from "../ui/controls";
import { dateTime, duration, sentence } from "../ui/format";
import { t } from "../strings";
import { editMessage, regenerate, showBranch } from "./actions";
import { MessageMenu } from "../compare/MessageMenu";
import { claimsOf } from "./annotate";
import { Citations } from "./Citation";
import { fitHeight } from "./fitHeight";
import { sends } from "./keys";
import { Markdown, type Annotations } from "./Markdown";

interface Props {
  message: Message;
  /** Ids of all versions of this message, oldest first; joined by spaces so that equal lists are equal. */
  versions: string;
  modelName: string;
  last: boolean;
  /** False while the chat is being answered: a second answer has to wait. */
  idle: boolean;
}

export const MessageView = memo(function MessageView(props: Props) {
  return props.message.role === "user" ? <Question {...props} /> : <Answer {...props} />;
});

function Question({ message, versions, idle }: Props) {
  const [editing, setEditing] = useState(false);
  return (
    <article className="question" data-message={message.id} aria-label={t.chat.you}>
      <h2 className="unseen">{t.chat.you}</h2>
      {editing ? (
        <QuestionEditor message={message} onDone={() => setEditing(false)} />
      ) : (
        <>
          <div className="question-text" dir="auto">{message.content}</div>
          <footer className="message-actions">
            <Versions message={message} versions={versions} idle={idle} />
            <CopyButton text={message.content} label={t.chat.copy} />
            <IconButton label={t.chat.edit} side="top" disabled={!idle} onClick={() => setEditing(true)}>
              <Pencil />
            </IconButton>
            <MessageMenu message={message} versions={versions.split(" ")} idle={idle} />
          </footer>
        </>
      )}
    </article>
  );
}

function QuestionEditor({ message, onDone }: { message: Message; onDone: () => void }) {
  const [text, setText] = useState(message.content);
  const hint = useId();
  const box = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    const area = box.current;
    area?.focus();
    area?.setSelectionRange(area.value.length, area.value.length);
  }, []);
  useEffect(() => fitHeight(box.current), [text]);
  const ready = text.trim() !== "" && text !== message.content;
  const ask = async () => {
    if (ready && (await editMessage(message, text))) onDone();
  };
  return (
    <form
      className="question-editor"
      onSubmit={(e) => {
        e.preventDefault();
        void ask();
      }}
    >
      <textarea
        ref={box}
        aria-label={t.chat.editLabel}
        aria-describedby={hint}
        value={text}
        rows={1}
        onChange={(e) => setText(e.target.value)}
        onKeyDown={(e) => {
          if (e.key === "Escape") {
            e.stopPropagation();
            onDone();
          } else if (sends(e)) {
            e.preventDefault();
            void ask();
          }
        }}
      />
      <div className="question-editor-bar">
        <p id={hint}>{t.chat.editHint}</p>
        <Button small onClick={onDone}>
          {t.common.cancel}
        </Button>
        <Button small kind="primary" type="submit" disabled={!ready}>
          {t.chat.editSend}
        </Button>
      </div>
    </form>
  );
}

/** What is known of an answer's sentences, once it is written. */
function useAnnotations({ content, evidence }: Message): Annotations | undefined {
  return useMemo(
    () => (evidence && evidence.passages.length > 0 ? { claims: claimsOf(content, evidence), known: new Set(evidence.passages.map((p) => p.n)) } : undefined),
    [content, evidence],
  );
}

function Answer({ message, versions, modelName, last, idle }: Props) {
  const notes = useAnnotations(message);
  const live = useCache((cache) => cache.live[message.id]);
  const writing = message.status === "streaming";
  const content = live?.content ?? message.content;
  const thinking = live?.thinking ?? message.thinking;
  return (
    <article className={`answer ${last ? "answer-last" : ""}`} data-message={message.id} aria-label={t.chat.answerBy(modelName)} aria-busy={writing}>
      <h2 className="unseen">{t.chat.answer}</h2>
      {message.leftOut > 0 && <p className="note">{t.chat.leftOut(message.leftOut)}</p>}
      {thinking && <Thoughts text={thinking} kept={message.timings?.thinkingMs ?? 0} live={live} writing={writing} answering={content !== ""} />}
      {content && (
        <Citations message={message}>
          <Markdown text={content} growing={writing} notes={writing ? undefined : notes} />
        </Citations>
      )}
      {writing && !content && !thinking && <Waiting live={live} />}
      {writing && content && <span className="caret" aria-hidden="true" />}
      <Ending message={message} empty={!content && !thinking} idle={idle} />
      {!writing && message.evidence && <EvidenceStrip message={message} evidence={message.evidence} />}
      {!writing && (
        <footer className="message-actions">
          <Versions message={message} versions={versions} idle={idle} />
          {content && <CopyButton text={content} label={t.chat.copy} />}
          {message.status !== "error" && (
            <IconButton label={t.chat.regenerate} side="top" disabled={!idle} onClick={() => void regenerate(message)}>
              <RotateCcw />
            </IconButton>
          )}
          {content && <ExportMenu message={message} />}
          <MessageMenu message={message} versions={versions.split(" ")} idle={idle} />
          {message.timings && <Stats message={message} modelName={modelName} />}
        </footer>
      )}
    </article>
  );
}

/** What happens before the first word: the model is loaded, then the prompt is read. */
function Waiting({ live }: { live: Live | undefined }) {
  const loading = useCache((cache) => cache.loading);
  const name = useCache((cache) => cache.models.find((m) => m.ref === loading?.ref)?.name ?? loading?.ref ?? "");
  const prefill = live?.prefill;
  const map = live?.map;
  const [text, done, total] = map
    ? [t.evidence.mapping(map.done, map.total), map.done, map.total]
    : prefill && prefill.total > 0
      ? [t.chat.reading(prefill.done, prefill.total), prefill.done, prefill.total]
      : live?.waits
        ? [t.compare.waits, 0, 0]
        : loading
        ? [t.chat.loadingModel(name, loading.done, loading.total), loading.done, loading.total]
        : [t.chat.waiting, 0, 0];
  return (
    <div className="waiting">
      <span>{text}</span>
      <Progress done={done} total={total} label={text} />
    </div>
  );
}

function Thoughts({ text, kept, live, writing, answering }: { text: string; kept: number; live: Live | undefined; writing: boolean; answering: boolean }) {
  const now = writing && !answering;
  const [seen, setSeen] = useState(0);
  useEffect(() => {
    if (live?.thinkingSince && live.answerSince) setSeen(live.answerSince - live.thinkingSince);
  }, [live?.thinkingSince, live?.answerSince]);
  const spent = kept || seen;
  const label = now ? t.chat.thinkingNow : spent > 0 ? t.chat.thoughtFor(spent) : t.chat.thought;
  return (
    <details className="thoughts">
      <summary>
        <ChevronDown aria-hidden="true" />
        <span className={now ? "shimmer" : ""}>{label}</span>
      </summary>
      <div className="thoughts-text">
        <Markdown text={text} growing={now} />
      </div>
    </details>
  );
}

/** Says how an answer ended where that is not plain to see. */
function Ending({ message, empty, idle }: { message: Message; empty: boolean; idle: boolean }) {
  if (message.status === "error")
    return (
      <div className="failure" role="alert">
        <TriangleAlert aria-hidden="true" />
        <div>
          <strong>{t.chat.failed}</strong>
          <p>{sentence(message.error)}</p>
          <p className="failure-hint">{t.chat.failedHint}</p>
          <Button small disabled={!idle} onClick={() => void regenerate(message)}>
            {t.common.retry}
          </Button>
        </div>
      </div>
    );
  const text =
    message.status === "stopped"
      ? message.stopReason === "cancelled"
        ? t.chat.stopped
        : t.chat.interrupted
      : message.stopReason === "length"
        ? t.chat.cutLength
        : message.stopReason === "context"
          ? t.chat.cutContext
          : message.stopReason === "time"
            ? t.chat.cutTime
            : message.status === "complete" && empty
              ? t.chat.emptyAnswer
              : "";
  const cutOff = message.status === "stopped" && message.stopReason !== "cancelled"; // Freehold ended while it was written
  return text ? (
    <p className="note">
      {text}{" "}
      {cutOff && (
        <Button small disabled={!idle} onClick={() => void regenerate(message)}>
          {t.chat.regenerate}
        </Button>
      )}
    </p>
  ) : null;
}

function Versions({ message, versions, idle }: { message: Message; versions: string; idle: boolean }) {
  const ids = versions.split(" ");
  if (ids.length < 2) return null;
  const at = ids.indexOf(message.id);
  const show = (i: number) => void showBranch(message.chatId, ids[i]!);
  return (
    <div className="versions" role="group" aria-label={t.chat.branches}>
      <IconButton label={t.chat.previousBranch} side="top" disabled={!idle || at <= 0} onClick={() => show(at - 1)}>
        <ChevronLeft />
      </IconButton>
      <span role="img" aria-label={t.chat.branchLong(at + 1, ids.length)}>
        {t.chat.branch(at + 1, ids.length)}
      </span>
      <IconButton label={t.chat.nextBranch} side="top" disabled={!idle || at >= ids.length - 1} onClick={() => show(at + 1)}>
        <ChevronRight />
      </IconButton>
    </div>
  );
}

function Stats({ message, modelName }: { message: Message; modelName: string }) {
  const s = t.chat.stats;
  const m = message.timings!;
  const rows: [string, string][] = [
    [s.model, modelName],
    [s.prompt, s.promptValue(m.promptTokens, m.cachedTokens)],
    [s.reading, s.timed(m.prefillMs, m.prefillPerSecond)],
    [s.firstToken, duration(m.firstTokenMs)],
    [s.written, s.tokens(m.completionTokens)],
    [s.writing, s.timed(m.decodeMs, m.decodePerSecond)],
  ];
  if (m.loadMs >= 50) rows.splice(1, 0, [s.load, duration(m.loadMs)]);
  if (message.stopReason) rows.push([s.ended, t.chat.reasons[message.stopReason]]);
  return (
    <Popover.Root>
      <Popover.Trigger className="stats">
        <span className="unseen">{s.label}</span>
        <span>{s.speed(m.decodePerSecond)}</span>
        <span className="stats-more">{s.tokens(m.completionTokens)}</span>
        <span className="stats-more">{s.first(m.firstTokenMs)}</span>
        <Info aria-hidden="true" />
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content className="popover facts-popover" side="top" align="start" sideOffset={6} collisionPadding={12} aria-label={s.label}>
          <p className="popover-title">{s.label}</p>
          <dl className="facts">
            {rows.map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
            <div>
              <dt>{s.when}</dt>
              <dd>{dateTime(message.createdAt)}</dd>
            </div>
          </dl>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
