import { Download } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import type { Message } from "../transport/api";
import { t } from "../strings";
import { exportAnswer } from "./actions";

/** Saves an answer with its question and its sources. */
export function ExportMenu({ message: m }: { message: Message }) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger className="icon-button" aria-label={t.evidence.export} title={t.evidence.export}>
        <Download />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" side="top" align="start" sideOffset={4} collisionPadding={8}>
          <DropdownMenu.Label className="menu-label">{t.evidence.export}</DropdownMenu.Label>
          <DropdownMenu.Item className="menu-item" onSelect={() => void exportAnswer(m.chatId, m.id, "md")}>
            {t.evidence.exportMarkdown}
          </DropdownMenu.Item>
          <DropdownMenu.Item className="menu-item" onSelect={() => void exportAnswer(m.chatId, m.id, "pdf")}>
            {t.evidence.exportPdf}
          </DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
