// Two answers, or two branches, beside each other with their differences marked.
import { X } from "lucide-react";
import { Dialog, ToggleGroup } from "radix-ui";
import { useMemo, useState } from "react";
import { Markdown } from "../chat/Markdown";
import { t } from "../strings";
import type { Message } from "../transport/api";
import { useCache } from "../transport/cache";
import { siblingsOf } from "../transport/tree";
import { IconButton } from "../ui/controls";
import { NamedChoice } from "./NamedChoice";
import { showDifferences, type Comparing } from "./actions";
import { differences, likeness, partings, type Pair, type Piece } from "./differences";
import { huesOf, nameOf } from "./models";
import "./compare.css";

export default function Differences({ comparing }: { comparing: Comparing }) {
  const chat = useCache((cache) => cache.opened[comparing.chatId]);
  const models = useCache((cache) => cache.models);
  const [marked, setMarked] = useState(true);
  const messages = useMemo(() => chat?.messages ?? [], [chat]);
  const hues = useMemo(() => huesOf(messages), [messages]);
  const { shared, pairs } = useMemo(() => partings(messages, comparing.a, comparing.b), [messages, comparing]);
  const single = pairs.length === 1;
  const first = pairs[0]?.a ?? pairs[0]?.b;
  const rivals = single && first ? siblingsOf(messages, first) : [];
  const likenesses = single && rivals.length > 2;
  return (
    <Dialog.Root open onOpenChange={(open) => !open && showDifferences(null)}>
      <Dialog.Portal>
        <Dialog.Overlay className="veil" />
        <Dialog.Content className="dialog differences" aria-describedby={undefined}>
          <header className="differences-head">
            <Dialog.Title className="sheet-title">{single ? t.difference.title : t.difference.titleBranches}</Dialog.Title>
            <ToggleGroup.Root className="segments" type="single" aria-label={t.difference.how} value={marked ? "marked" : "plain"} onValueChange={(v) => v && setMarked(v === "marked")}>
              <ToggleGroup.Item className="segment" value="marked">
                {t.difference.marked}
              </ToggleGroup.Item>
              <ToggleGroup.Item className="segment" value="plain">
                {t.difference.plain}
              </ToggleGroup.Item>
            </ToggleGroup.Root>
            <Dialog.Close asChild>
              <IconButton label={t.common.close}>
                <X />
              </IconButton>
            </Dialog.Close>
          </header>
          {likenesses && (
            <div className="differences-choice">
              {(["a", "b"] as const).map((side) => (
                <NamedChoice
                  key={side}
                  label={t.difference.choose(side === "a" ? t.difference.left : t.difference.right)}
                  value={pairs[0]![side]!.id}
                  options={rivals.map((m, i) => ({ value: m.id, label: t.difference.number(i + 1, nameOf(models, m.model)) }))}
                  onChange={(id) => showDifferences({ ...comparing, [side]: id })}
                />
              ))}
            </div>
          )}
          <div className="differences-body" tabIndex={0} role="region" aria-label={single ? t.difference.title : t.difference.titleBranches}>
            {!single && shared > 0 && <p className="note">{t.difference.shared(shared)}</p>}
            {pairs.map((pair, i) => (
              <PairView key={i} pair={pair} marked={marked} hues={hues} />
            ))}
          </div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function PairView({ pair: { a, b }, marked, hues }: { pair: Pair; marked: boolean; hues: ReadonlyMap<string, number> }) {
  const found = useMemo(() => (marked && a && b ? differences(a.content, b.content) : null), [a, b, marked]);
  return (
    <>
      {marked && a && b && <p className="differences-sum">{found ? t.difference.alike(Math.floor(likeness(found) * 100)) : t.difference.tooDifferent}</p>}
      <div className="differences-pair">
        <Side message={a} pieces={found?.a} tag="del" hues={hues} />
        <Side message={b} pieces={found?.b} tag="ins" hues={hues} />
      </div>
    </>
  );
}

function Side({ message: m, pieces, tag: Tag, hues }: { message: Message | null; pieces: readonly Piece[] | undefined; tag: "ins" | "del"; hues: ReadonlyMap<string, number> }) {
  const models = useCache((cache) => cache.models);
  if (!m) return <p className="differences-side note">{t.difference.missing}</p>;
  const timings = m.timings;
  const name = m.role === "user" ? t.difference.you : nameOf(models, m.model);
  return (
    <article className="differences-side" aria-label={name}>
      <header className="column-head">
        {m.role !== "user" && <span className={`hue hue-${hues.get(m.model) ?? 0}`} aria-hidden="true" />}
        <strong>{name}</strong>
        {timings && (
          <span className="column-facts">
            {[timings.decodePerSecond > 0 && t.difference.speed(timings.decodePerSecond), t.difference.tokens(timings.completionTokens), timings.firstTokenMs > 0 && t.difference.first(timings.firstTokenMs)].filter(Boolean).join(" · ")}
          </span>
        )}
      </header>
      {pieces ? (
        <p className="differences-text">{pieces.map((p, i) => (p.own ? <Tag key={i}>{p.text}</Tag> : <span key={i}>{p.text}</span>))}</p>
      ) : m.role === "user" ? (
        <p className="differences-text">{m.content}</p>
      ) : (
        <Markdown text={m.content} growing={false} />
      )}
    </article>
  );
}
