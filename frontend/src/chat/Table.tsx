import { Copy } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { useRef, type ReactNode } from "react";
import { copyText } from "../transport/api";
import { attempt, notify } from "../ui/notify";
import { t } from "../strings";
import { cellsOf, csv, markdown } from "./tables";

/** A table that scrolls by itself and can be taken along. */
export function Table({ children }: { children?: ReactNode }) {
  const table = useRef<HTMLTableElement>(null);
  const copy = async (write: (rows: string[][]) => string) => {
    if (table.current && (await attempt(t.rendering.copyTable, () => copyText(write(cellsOf(table.current!)))))) notify(t.rendering.copied);
  };
  return (
    <div className="md-table-frame">
      <div className="md-table" role="group" aria-label={t.chat.table} tabIndex={0}>
        <table ref={table}>{children}</table>
      </div>
      <DropdownMenu.Root modal={false}>
        <DropdownMenu.Trigger className="icon-button md-table-copy" aria-label={t.rendering.copyTable} title={t.rendering.copyTable}>
          <Copy />
        </DropdownMenu.Trigger>
        <DropdownMenu.Portal>
          <DropdownMenu.Content className="menu" side="bottom" align="end" sideOffset={4} collisionPadding={8}>
            <DropdownMenu.Item className="menu-item" onSelect={() => void copy(csv)}>
              {t.rendering.asCsv}
            </DropdownMenu.Item>
            <DropdownMenu.Item className="menu-item" onSelect={() => void copy(markdown)}>
              {t.rendering.asMarkdown}
            </DropdownMenu.Item>
          </DropdownMenu.Content>
        </DropdownMenu.Portal>
      </DropdownMenu.Root>
    </div>
  );
}
