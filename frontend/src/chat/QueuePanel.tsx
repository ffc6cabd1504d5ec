// The messages that wait until the answer has ended, above the field.
import { GripVertical, Pause, Pencil, Play, SendHorizontal, X } from "lucide-react";
import { useEffect, useRef, useState, type DragEvent, type KeyboardEvent } from "react";
import * as api from "../transport/api";
import { useCache } from "../transport/cache";
import { Button, IconButton } from "../ui/controls";
import { attempt, notifyAction } from "../ui/notify";
import { t } from "../strings";
import { fieldHere } from "./lastOf";
import { sends } from "./keys";
import { fitHeight } from "./fitHeight";

/** What comes back may be older than what events have told by then: they alone are shown. */
const change = (work: () => Promise<api.Queue>) => attempt(t.queue.failed, work);

/** Lets a message wait; one that nothing keeps is sent at once. */
export const enqueue = (chatId: string, text: string): Promise<boolean> => change(() => api.enqueue(chatId, text));

/** Stops the answer and sends this. */
export const sendNow = (chatId: string, text: string): Promise<boolean> =>
  change(async () => {
    const q = await api.enqueue(chatId, text, 0);
    return q.items[0]?.text === text ? api.sendQueued(chatId, q.items[0].id) : q;
  });

export function QueuePanel({ chatId }: { chatId: string }) {
  const queue = useCache((cache) => cache.queues[chatId]);
  const [editing, setEditing] = useState("");
  const [over, setOver] = useState(-1);
  const [said, setSaid] = useState("");
  const dragged = useRef("");
  if (!queue) return <p className="unseen" role="status" />;
  const { items, held } = queue;

  const move = (id: string, to: number) => {
    if (to < 0 || to >= items.length) return;
    setSaid(t.queue.moved(to + 1, items.length));
    void change(() => api.moveQueued(chatId, id, to));
  };
  const remove = (item: api.Queued, at: number) =>
    void change(() => api.removeQueued(chatId, item.id)).then((done) => {
      if (!done) return;
      fieldHere()?.focus();
      notifyAction(t.queue.removed, t.common.undo, () => void change(() => api.enqueue(chatId, item.text, at)));
    });
  const drop = (e: DragEvent, to: number) => {
    e.preventDefault();
    setOver(-1);
    if (dragged.current) move(dragged.current, to);
    dragged.current = "";
  };

  return (
    <section className={`queue ${held ? "queue-held" : ""}`} aria-label={t.queue.label}>
      <header className="queue-head">
        <p role="status">{held ? `${t.queue.held[held]}. ${t.queue.waiting(items.length)}` : t.queue.waiting(items.length)}</p>
        <Button small kind="quiet" onClick={() => void change(() => api.holdQueue(chatId, held === ""))}>
          {held ? <Play aria-hidden="true" /> : <Pause aria-hidden="true" />}
          {held ? t.queue.goOn : t.queue.pause}
        </Button>
      </header>
      <p className="unseen" role="status">
        {said}
      </p>
      <ol className="queue-items">
        {items.map((item, at) => (
          <li
            key={item.id}
            className={`queue-item ${over === at ? "queue-over" : ""}`}
            onDragOver={(e) => {
              if (!dragged.current) return;
              e.preventDefault();
              setOver(at);
            }}
            onDragLeave={() => setOver(-1)}
            onDrop={(e) => drop(e, at)}
          >
            {editing === item.id ? (
              <ItemEditor
                text={item.text}
                onDone={(text) => {
                  setEditing("");
                  if (text && text !== item.text) void change(() => api.editQueued(chatId, item.id, text));
                }}
              />
            ) : (
              <>
                <IconButton
                  label={`${t.queue.drag}: ${t.queue.item(at + 1, item.text.slice(0, 40))}`}
                  side="top"
                  className="queue-grip"
                  draggable
                  onDragStart={(e) => {
                    dragged.current = item.id;
                    e.dataTransfer.effectAllowed = "move";
                    e.dataTransfer.setData("text/plain", item.text);
                  }}
                  onDragEnd={() => setOver(-1)}
                  onKeyDown={(e: KeyboardEvent) => {
                    if (e.altKey || (e.key !== "ArrowUp" && e.key !== "ArrowDown")) return;
                    e.preventDefault();
                    move(item.id, at + (e.key === "ArrowUp" ? -1 : 1));
                  }}
                >
                  <GripVertical />
                </IconButton>
                <p className="queue-text" title={item.text}>
                  {item.text}
                </p>
                <IconButton label={t.queue.sendNow} side="top" onClick={() => void change(() => api.sendQueued(chatId, item.id))}>
                  <SendHorizontal />
                </IconButton>
                <IconButton label={t.queue.edit} side="top" onClick={() => setEditing(item.id)}>
                  <Pencil />
                </IconButton>
                <IconButton label={t.queue.remove} side="top" onClick={() => remove(item, at)}>
                  <X />
                </IconButton>
              </>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}

/** done gets "" if nothing shall change. */
function ItemEditor({ text: before, onDone }: { text: string; onDone: (text: string) => void }) {
  const [text, setText] = useState(before);
  const box = useRef<HTMLTextAreaElement>(null);
  useEffect(() => box.current?.focus(), []);
  useEffect(() => fitHeight(box.current), [text]);
  return (
    <textarea
      ref={box}
      className="queue-editor"
      rows={1}
      aria-label={t.queue.editLabel}
      value={text}
      onChange={(e) => setText(e.target.value)}
      onBlur={() => onDone(text.trim())}
      onKeyDown={(e) => {
        if (e.key === "Escape") {
          e.stopPropagation();
          e.preventDefault();
          onDone("");
        } else if (sends(e)) {
          e.preventDefault();
          onDone(text.trim());
        }
      }}
    />
  );
}
