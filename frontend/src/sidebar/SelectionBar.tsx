// What can be done with the chats that are selected.
import { Archive, ArchiveRestore, Download, FolderInput, Pin, PinOff, Tag, Trash2, X } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { useEffect, useState } from "react";
import { exportChats, exportFormats } from "../chat/export";
import { useCache } from "../transport/cache";
import { IconButton } from "../ui/controls";
import { t } from "../strings";
import { archive, pin, removeAll } from "./actions";
import { FolderItems, TagItems, type Asking } from "./ArrangeItems";
import { Asker } from "./Asker";
import { endSelection, useListing } from "./selection";

export function SelectionBar() {
  const selected = useListing((l) => l.selected);
  const all = useCache((cache) => cache.chats);
  const [asking, setAsking] = useState<Asking>(null);
  const open = selected !== null;
  useEffect(() => {
    if (!open) return;
    const escape = (e: KeyboardEvent) => {
      if (e.key === "Escape" && !e.defaultPrevented && !document.querySelector("[role=menu], [role=dialog]")) endSelection();
    };
    addEventListener("keydown", escape);
    return () => removeEventListener("keydown", escape);
  }, [open]);
  if (!selected) return null;
  const chats = all.filter((c) => selected.has(c.id));
  const pinned = chats.length > 0 && chats.every((c) => c.pinned);
  const archived = chats.length > 0 && chats.every((c) => c.archived);
  const none = chats.length === 0;
  const after = (work: Promise<unknown>) => void work.then(endSelection);
  return (
    <div className="selection" role="toolbar" aria-label={t.organise.actions}>
      <p className="selection-count" role="status">
        {t.organise.selected(chats.length)}
      </p>
      <IconButton label={t.organise.endSelection} side="top" onClick={endSelection}>
        <X />
      </IconButton>
      <div className="selection-actions">
        <IconButton label={pinned ? t.organise.unpin : t.organise.pin} side="top" disabled={none} onClick={() => after(pin(chats, !pinned))}>
          {pinned ? <PinOff /> : <Pin />}
        </IconButton>
        <MenuButton label={t.organise.move} icon={<FolderInput />} disabled={none}>
          <FolderItems chats={chats} onAsk={setAsking} />
        </MenuButton>
        <MenuButton label={t.organise.tags} icon={<Tag />} disabled={none}>
          <TagItems chats={chats} onAsk={setAsking} />
        </MenuButton>
        <MenuButton label={t.data.export} icon={<Download />} disabled={none}>
          {exportFormats.map((format) => (
            <DropdownMenu.Item key={format} className="menu-item" onSelect={() => void exportChats([...selected], format)}>
              {t.data.formats[format]}
            </DropdownMenu.Item>
          ))}
        </MenuButton>
        <IconButton label={archived ? t.organise.unarchive : t.organise.archive} side="top" disabled={none} onClick={() => after(archive(chats, !archived))}>
          {archived ? <ArchiveRestore /> : <Archive />}
        </IconButton>
        <IconButton label={t.sidebar.remove} side="top" className="danger" disabled={none} onClick={() => after(removeAll(chats))}>
          <Trash2 />
        </IconButton>
      </div>
      <Asker what={asking} chats={chats} onClose={() => setAsking(null)} />
    </div>
  );
}

function MenuButton({ label, icon, disabled, children }: { label: string; icon: React.ReactNode; disabled: boolean; children: React.ReactNode }) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger className="icon-button" aria-label={label} title={label} disabled={disabled}>
        {icon}
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" side="top" align="start" sideOffset={4} collisionPadding={8}>
          {children}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
