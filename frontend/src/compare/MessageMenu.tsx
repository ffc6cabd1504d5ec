// What can be done with the branch that a message begins or ends.
import { MoreHorizontal } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { t } from "../strings";
import type { Message } from "../transport/api";
import { useCache } from "../transport/cache";
import { choose, fold, fork, removeBranch, showDifferences, useCompares } from "./actions";
import { trialOf } from "./trials";

interface Props {
  message: Message;
  /** Ids of all versions of the message, itself among them. */
  versions: readonly string[];
  idle: boolean;
}

export function MessageMenu({ message: m, versions, idle }: Props) {
  const answer = m.role === "assistant";
  const other = versions.filter((id) => id !== m.id).at(-1);
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger className="icon-button" aria-label={t.compare.more}>
        <MoreHorizontal />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="start" side="top" sideOffset={4} collisionPadding={8}>
          {answer && <Unfold message={m} />}
          <DropdownMenu.Item className="menu-item" disabled={!idle} onSelect={() => choose(m.chatId, answer ? m.parentId : m.id)}>
            {t.compare.open}
          </DropdownMenu.Item>
          {other && answer && (
            <DropdownMenu.Item className="menu-item" onSelect={() => showDifferences({ chatId: m.chatId, a: m.id, b: other })}>
              {t.compare.withVersion}
            </DropdownMenu.Item>
          )}
          <DropdownMenu.Item className="menu-item" onSelect={() => void fork(m)}>
            {t.compare.fork}
          </DropdownMenu.Item>
          <DropdownMenu.Separator className="menu-line" />
          <DropdownMenu.Item className="menu-item menu-item-danger" disabled={!idle} onSelect={() => void removeBranch(m)}>
            {t.compare.remove}
          </DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

/** The way back to all answers of a trial side by side. */
function Unfold({ message: m }: { message: Message }) {
  const messages = useCache((cache) => cache.opened[m.chatId]?.messages);
  const folded = useCompares((c) => m.trial !== null && m.trial !== undefined && c.folded.includes(m.trial.id));
  const answers = folded && messages ? trialOf(messages, m) : [];
  if (answers.length === 0) return null;
  return (
    <DropdownMenu.Item className="menu-item" onSelect={() => fold(m.trial!.id, false)}>
      {t.compare.unfold(answers.length)}
    </DropdownMenu.Item>
  );
}
