// Chooses documents and collections for a chat.
import { Library, Paperclip } from "lucide-react";
import { Popover } from "radix-ui";
import { useMemo, useState, type ReactNode } from "react";
import { useCache } from "../transport/cache";
import { count } from "../ui/format";
import { openMenu, useOpened } from "../chat/open";
import { t } from "../strings";
import { useView } from "../ui/view";
import { setSources, useSources } from "./actions";
import { AddButtons } from "./AddButtons";
import { listed } from "./listed";
import { KindIcon } from "./pieces";

const most = 100; // rows drawn

export function SourcePicker({ chatId }: { chatId: string }) {
  const sources = useSources(chatId);
  const open = useOpened((o) => o.menu === "sources" && o.chat === chatId);
  const n = sources.documents.length + sources.collections.length;
  const label = n > 0 ? t.sources.change(n) : t.sources.add;
  return (
    <Popover.Root open={open} onOpenChange={(o) => openMenu(o ? "sources" : "", chatId)}>
      <Popover.Trigger className={`gauge attach ${n > 0 ? "attach-on" : ""}`} aria-label={label} title={label}>
        <Paperclip aria-hidden="true" />
        {n > 0 && <span>{count(n)}</span>}
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content className="popover source-picker" side="top" align="start" sideOffset={8} collisionPadding={12} aria-label={t.sources.picker}>
          <p className="popover-title">{t.sources.picker}</p>
          <Choices chatId={chatId} />
          <AddButtons goal={{ chat: chatId }} small />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

function Choices({ chatId }: { chatId: string }) {
  const sources = useSources(chatId);
  const documents = useCache((cache) => cache.documents);
  const collections = useCache((cache) => cache.collections);
  const leaving = useView((view) => view.leaving);
  const [query, setQuery] = useState("");
  const found = useMemo(() => listed(documents, { query, leaving }), [documents, query, leaving]);
  const sets = collections.filter((c) => c.name.toLowerCase().includes(query.trim().toLowerCase()));
  const toggle = (key: "documents" | "collections", id: string, on: boolean) =>
    void setSources(chatId, { ...sources, [key]: on ? [...sources[key], id] : sources[key].filter((other) => other !== id) });
  if (Object.keys(documents).length === 0 && collections.length === 0) return <p className="popover-note">{t.sources.none}</p>;
  return (
    <>
      <input className="input" type="text" placeholder={t.sources.search} aria-label={t.sources.search} value={query} onChange={(e) => setQuery(e.target.value)} />
      <div className="choices" tabIndex={0} role="group" aria-label={t.sources.picker}>
        {sets.map((c) => (
          <Choice key={c.id} checked={sources.collections.includes(c.id)} onChange={(on) => toggle("collections", c.id, on)} icon={<Library aria-hidden="true" />} name={c.name} more={t.documents.counted(c.documents)} />
        ))}
        {found.slice(0, most).map((d) => (
          <Choice
            key={d.id}
            checked={sources.documents.includes(d.id)}
            onChange={(on) => toggle("documents", d.id, on)}
            icon={<KindIcon kind={d.receipt.kind} />}
            name={d.name}
            more={t.sources.chip[d.state] || t.documents.pages(d.receipt.pages, d.receipt.pages_total, d.receipt.unit ?? "")}
          />
        ))}
        {sets.length + found.length === 0 && <p className="popover-note">{t.sources.noMatch}</p>}
        {found.length > most && <p className="popover-note">{t.sources.first(most)}</p>}
      </div>
    </>
  );
}

function Choice({ checked, onChange, icon, name, more }: { checked: boolean; onChange: (on: boolean) => void; icon: ReactNode; name: string; more: string }) {
  return (
    <label className="choice">
      <input type="checkbox" checked={checked} onChange={(e) => onChange(e.target.checked)} />
      {icon}
      <span className="choice-name">{name}</span>
      <small>{more}</small>
    </label>
  );
}
