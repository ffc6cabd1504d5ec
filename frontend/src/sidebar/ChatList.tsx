// The chats: pinned ones, folders, and all others under their days.
import { ChevronDown, MoreHorizontal } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { useCallback, useMemo, useRef, useState, type KeyboardEvent } from "react";
import type * as api from "../transport/api";
import { useCache } from "../transport/cache";
import { t } from "../strings";
import { deleteFolder, renameFolder } from "./actions";
import { ChatItem } from "./ChatItem";
import { filters, matches, sections, tagsOf } from "./list";
import { newChat } from "./newChat";
import { focusAgain, RenameField } from "./RenameField";
import { toggleFolder, useListing } from "./selection";

/** found: what a search for the query gave, in its own order; null without one. */
export function ChatList({ found, query, current }: { found: readonly api.ChatSummary[] | null; query: string; current: string }) {
  const chats = useCache((cache) => cache.chats);
  const folders = useCache((cache) => cache.folders);
  const filter = useListing((l) => l.filter);
  const closed = useListing((l) => l.closed);
  const today = new Date().toDateString();
  const shown = useMemo(() => found ?? chats.filter((c) => matches(filter, c)), [found, chats, filter]);
  const parts = useMemo(() => sections(shown, found || filters(filter) ? [] : folders, Date.parse(today) + 43_200_000), [shown, found, filter, folders, today]);
  const order = useRef<string[]>([]);
  order.current = [...parts.pinned, ...parts.folders.flatMap((f) => (closed.has(f.folder.id) ? [] : f.chats)), ...parts.days.flatMap((d) => d.chats)].map((c) => c.id);
  const orderNow = useCallback(() => order.current, []);
  const items = (of: readonly api.ChatSummary[]) => of.map((chat) => <ChatItem key={chat.id} chat={chat} current={chat.id === current} order={orderNow} />);
  const nothing = shown.length === 0 && parts.folders.length === 0;

  return (
    <div className="chat-list" onKeyDown={moveInList}>
      {parts.pinned.length > 0 && (
        <section aria-label={t.organise.pinned}>
          <h2 className="chat-day">{t.organise.pinned}</h2>
          <ul>{items(parts.pinned)}</ul>
        </section>
      )}
      {parts.folders.map(({ folder, chats: within }) => (
        <FolderSection key={folder.id} folder={folder} count={within.length} open={!closed.has(folder.id)}>
          {within.length > 0 ? <ul>{items(within)}</ul> : <p className="chat-list-empty folder-empty">{t.organise.emptyFolder}</p>}
        </FolderSection>
      ))}
      {parts.days.map((group, i) => (
        <section key={`${group.label} ${i}`} aria-label={group.label}>
          <h2 className="chat-day">{group.label}</h2>
          <ul>{items(group.chats)}</ul>
        </section>
      ))}
      {nothing && (
        <p className="chat-list-empty">
          {found ? t.sidebar.noResults(query) : filter.tag ? t.organise.emptyTag(filter.tag) : filter.archived ? t.organise.emptyArchive : t.sidebar.empty}
        </p>
      )}
    </div>
  );
}

function FolderSection({ folder, count, open, children }: { folder: api.Folder; count: number; open: boolean; children: React.ReactNode }) {
  const [renaming, setRenaming] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  if (renaming)
    return (
      <RenameField
        title={folder.name}
        label={t.organise.folderName}
        onDone={(name) => {
          setRenaming(false);
          focusAgain(() => button.current);
          if (name && name !== folder.name) void renameFolder(folder.id, name);
        }}
      />
    );
  return (
    <section aria-label={folder.name}>
      <div className="folder-head">
        <h2>
          <button ref={button} type="button" className="folder-name" aria-expanded={open} onClick={() => toggleFolder(folder.id)} onKeyDown={(e) => e.key === "F2" && setRenaming(true)}>
            <ChevronDown aria-hidden="true" />
            <span>{folder.name}</span>
            <span className="folder-count">{count}</span>
          </button>
        </h2>
        <DropdownMenu.Root modal={false}>
          <DropdownMenu.Trigger className="icon-button chat-more" aria-label={t.organise.folderMore(folder.name)}>
            <MoreHorizontal />
          </DropdownMenu.Trigger>
          <DropdownMenu.Portal>
            <DropdownMenu.Content className="menu" align="start" sideOffset={4} collisionPadding={8} onCloseAutoFocus={(e) => renaming && e.preventDefault()}>
              <DropdownMenu.Item className="menu-item" onSelect={() => newChat({ folder: folder.id })}>
                {t.organise.newChatHere}
              </DropdownMenu.Item>
              <DropdownMenu.Item className="menu-item" onSelect={() => setTimeout(() => setRenaming(true), 0)}>
                {t.organise.renameFolder}
                <kbd>F2</kbd>
              </DropdownMenu.Item>
              <DropdownMenu.Separator className="menu-line" />
              <DropdownMenu.Item className="menu-item menu-item-danger" onSelect={() => void deleteFolder(folder)}>
                {t.organise.deleteFolder}
                <span className="menu-note">{t.organise.deleteFolderHint}</span>
              </DropdownMenu.Item>
            </DropdownMenu.Content>
          </DropdownMenu.Portal>
        </DropdownMenu.Root>
      </div>
      {open && children}
    </section>
  );
}

/** Arrow keys go from chat to chat. */
function moveInList(e: KeyboardEvent<HTMLElement>): void {
  const step = e.key === "ArrowDown" ? 1 : e.key === "ArrowUp" ? -1 : 0;
  const target = e.target as Element;
  if (step === 0 || !target.matches(".chat-link, .folder-name")) return;
  e.preventDefault();
  const links = [...e.currentTarget.querySelectorAll<HTMLElement>(".chat-link, .folder-name")];
  const next = links.indexOf(e.target as HTMLElement) + step;
  if (next < 0) document.querySelector<HTMLElement>("#search")?.focus();
  else links[next]?.focus();
}

/** For the filter's menu. */
export const useTags = (): string[] => {
  const chats = useCache((cache) => cache.chats);
  return useMemo(() => tagsOf(chats), [chats]);
};
