// The parts of a menu that say where chats stand: of one chat, or of those selected.
import { Check, ChevronRight } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import type { ChatSummary } from "../transport/api";
import { useCache } from "../transport/cache";
import { t } from "../strings";
import { moveTo, tag } from "./actions";
import { tagsOf } from "./list";

/** What a menu asks for that needs a name first. */
export type Asking = "folder" | "tag" | null;

export function FolderItems({ chats, onAsk }: { chats: readonly ChatSummary[]; onAsk: (what: Asking) => void }) {
  const folders = useCache((cache) => cache.folders);
  const all = (id: string) => chats.length > 0 && chats.every((c) => c.folder === id);
  return (
    <>
      {folders.map((f) => (
        <DropdownMenu.CheckboxItem key={f.id} className="menu-item" checked={all(f.id)} onSelect={() => void moveTo(chats, all(f.id) ? "" : f.id)}>
          <Mark />
          {f.name}
        </DropdownMenu.CheckboxItem>
      ))}
      {chats.some((c) => folders.some((f) => f.id === c.folder)) && (
        <DropdownMenu.CheckboxItem className="menu-item" checked={false} onSelect={() => void moveTo(chats, "")}>
          <Mark />
          {t.organise.noFolder}
        </DropdownMenu.CheckboxItem>
      )}
      {folders.length > 0 && <DropdownMenu.Separator className="menu-line" />}
      <DropdownMenu.Item className="menu-item menu-item-inset" onSelect={() => setTimeout(() => onAsk("folder"), 0)}>
        {t.organise.newFolder}
      </DropdownMenu.Item>
    </>
  );
}

export function TagItems({ chats, onAsk }: { chats: readonly ChatSummary[]; onAsk: (what: Asking) => void }) {
  const known = tagsOf(useCache((cache) => cache.chats));
  const all = (name: string) => chats.length > 0 && chats.every((c) => c.tags.includes(name));
  return (
    <>
      {known.map((name) => (
        <DropdownMenu.CheckboxItem
          key={name}
          className="menu-item"
          checked={all(name)}
          onSelect={(e) => {
            e.preventDefault(); // several may be given at once
            void tag(chats, name, !all(name));
          }}
        >
          <Mark />
          {name}
        </DropdownMenu.CheckboxItem>
      ))}
      {known.length > 0 && <DropdownMenu.Separator className="menu-line" />}
      <DropdownMenu.Item className="menu-item menu-item-inset" onSelect={() => setTimeout(() => onAsk("tag"), 0)}>
        {t.organise.newTag}
      </DropdownMenu.Item>
    </>
  );
}

export function Mark() {
  return (
    <span className="menu-check">
      <DropdownMenu.ItemIndicator>
        <Check />
      </DropdownMenu.ItemIndicator>
    </span>
  );
}

/** An item that opens further items beside it. */
export function Submenu({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    <DropdownMenu.Sub>
      <DropdownMenu.SubTrigger className="menu-item">
        {label}
        <ChevronRight className="menu-onward" aria-hidden="true" />
      </DropdownMenu.SubTrigger>
      <DropdownMenu.Portal>
        <DropdownMenu.SubContent className="menu" sideOffset={4} collisionPadding={8}>
          {children}
        </DropdownMenu.SubContent>
      </DropdownMenu.Portal>
    </DropdownMenu.Sub>
  );
}
