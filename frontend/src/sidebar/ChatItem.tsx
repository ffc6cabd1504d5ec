// One chat of the list.
import { Archive, Check, MessageCircleDashed, MoreHorizontal } from "lucide-react";
import { Checkbox, DropdownMenu } from "radix-ui";
import { memo, useRef, useState, type MouseEvent } from "react";
import { copyChat, rename } from "../chat/actions";
import { exportChats, exportFormats } from "../chat/export";
import { openBeside } from "../compare/split";
import type * as api from "../transport/api";
import { href } from "../ui/route";
import { t } from "../strings";
import { sidebarUsed } from "../ui/view";
import { archive, keep, pin, removeAll } from "./actions";
import { FolderItems, Submenu, TagItems, type Asking } from "./ArrangeItems";
import { Asker } from "./Asker";
import { focusAgain, RenameField } from "./RenameField";
import { selectTo, toggleSelected, useListing } from "./selection";

/** Deletes a chat and leaves the focus where it was in the list. */
async function removeFromList(chat: api.ChatSummary, link: HTMLElement): Promise<void> {
  const links = () => [...document.querySelectorAll<HTMLElement>(".chat-link")];
  const at = links().indexOf(link);
  await removeAll([chat]);
  focusAgain(() => links()[at] ?? links().at(-1));
}

interface Props {
  chat: api.ChatSummary;
  current: boolean;
  /** The ids of the list as it is shown, for selecting from one to another. */
  order: () => readonly string[];
}

export const ChatItem = memo(function ChatItem({ chat, current, order }: Props) {
  const [renaming, setRenaming] = useState(false);
  const link = useRef<HTMLAnchorElement>(null);
  const selecting = useListing((l) => l.selected !== null);
  const selected = useListing((l) => l.selected?.has(chat.id) === true);
  const title = chat.title || t.sidebar.untitled;

  if (renaming)
    return (
      <li className="chat-item chat-item-renaming">
        <RenameField
          title={chat.title}
          label={t.sidebar.renameLabel}
          onDone={(next) => {
            setRenaming(false);
            focusAgain(() => link.current);
            if (next && next !== chat.title) void rename(chat.id, next);
          }}
        />
      </li>
    );
  const click = (e: MouseEvent) => {
    if (e.shiftKey || e.ctrlKey || e.metaKey || selecting) {
      e.preventDefault();
      if (e.shiftKey) selectTo(chat.id, order());
      else toggleSelected(chat.id);
    } else sidebarUsed();
  };
  return (
    <li className={`chat-item ${current ? "chat-item-current" : ""} ${selected ? "chat-item-selected" : ""}`}>
      {selecting && (
        <Checkbox.Root className="chat-check" checked={selected} aria-label={t.organise.selectChat(title)} onCheckedChange={() => toggleSelected(chat.id)}>
          <Checkbox.Indicator>
            <Check />
          </Checkbox.Indicator>
        </Checkbox.Root>
      )}
      <a
        ref={link}
        className="chat-link"
        href={href({ page: "chat", id: chat.id })}
        aria-current={current ? "page" : undefined}
        onClick={click}
        onDoubleClick={() => setRenaming(true)}
        onKeyDown={(e) => {
          if (e.key === "F2") setRenaming(true);
          if (e.key === "Delete") void removeFromList(chat, e.currentTarget);
          if (e.key === " ") {
            e.preventDefault();
            toggleSelected(chat.id);
          }
        }}
      >
        {chat.generating && <span className="answering" role="img" aria-label={t.sidebar.answering} />}
        {chat.temporary && <MessageCircleDashed className="chat-sign" role="img" aria-label={t.temporary.badge} />}
        <span className="chat-title">{title}</span>
        {chat.archived && <Archive className="chat-sign" role="img" aria-label={t.organise.archived} />}
      </a>
      <ChatMenu chat={chat} title={title} renaming={renaming} onRename={() => setRenaming(true)} />
    </li>
  );
});

function ChatMenu({ chat, title, renaming, onRename }: { chat: api.ChatSummary; title: string; renaming: boolean; onRename: () => void }) {
  const [asking, setAsking] = useState<Asking>(null);
  const one = [chat];
  return (
    <>
      <DropdownMenu.Root modal={false}>
        <DropdownMenu.Trigger className="icon-button chat-more" aria-label={t.sidebar.more(title)}>
          <MoreHorizontal />
        </DropdownMenu.Trigger>
        <DropdownMenu.Portal>
          {/* Focus stays where the chosen item put it. */}
          <DropdownMenu.Content className="menu" align="start" sideOffset={4} collisionPadding={8} onCloseAutoFocus={(e) => renaming && e.preventDefault()}>
            {chat.temporary && (
              <DropdownMenu.Item className="menu-item" onSelect={() => void keep(chat.id)}>
                {t.temporary.keep}
              </DropdownMenu.Item>
            )}
            <DropdownMenu.Item className="menu-item" onSelect={() => setTimeout(onRename, 0)}>
              {t.sidebar.rename}
              <kbd>F2</kbd>
            </DropdownMenu.Item>
            <DropdownMenu.Item className="menu-item" onSelect={() => openBeside(chat.id)}>
              {t.split.open}
            </DropdownMenu.Item>
            <DropdownMenu.Item className="menu-item" onSelect={() => void pin(one, !chat.pinned)}>
              {chat.pinned ? t.organise.unpin : t.organise.pin}
            </DropdownMenu.Item>
            <Submenu label={t.organise.move}>
              <FolderItems chats={one} onAsk={setAsking} />
            </Submenu>
            <Submenu label={t.organise.tags}>
              <TagItems chats={one} onAsk={setAsking} />
            </Submenu>
            <DropdownMenu.Item className="menu-item" onSelect={() => toggleSelected(chat.id)}>
              {t.organise.select}
            </DropdownMenu.Item>
            <DropdownMenu.Separator className="menu-line" />
            <DropdownMenu.Item className="menu-item" onSelect={() => void copyChat(chat.id)}>
              {t.sidebar.copyMarkdown}
            </DropdownMenu.Item>
            <Submenu label={t.data.export}>
              {exportFormats.map((format) => (
                <DropdownMenu.Item key={format} className="menu-item" onSelect={() => void exportChats([chat.id], format)}>
                  {t.data.formats[format]}
                </DropdownMenu.Item>
              ))}
            </Submenu>
            <DropdownMenu.Separator className="menu-line" />
            <DropdownMenu.Item className="menu-item" onSelect={() => void archive(one, !chat.archived)}>
              {chat.archived ? t.organise.unarchive : t.organise.archive}
            </DropdownMenu.Item>
            <DropdownMenu.Item className="menu-item menu-item-danger" onSelect={() => void removeAll(one)}>
              {t.sidebar.remove}
              <kbd>Del</kbd>
            </DropdownMenu.Item>
          </DropdownMenu.Content>
        </DropdownMenu.Portal>
      </DropdownMenu.Root>
      <Asker what={asking} chats={one} onClose={() => setAsking(null)} />
    </>
  );
}
