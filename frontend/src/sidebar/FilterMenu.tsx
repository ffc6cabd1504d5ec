// Which chats the list shows: all, the archive, those of a tag.
import { ListFilter, X } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { useCache } from "../transport/cache";
import { IconButton } from "../ui/controls";
import { t } from "../strings";
import { createFolder } from "./actions";
import { Mark } from "./ArrangeItems";
import { useState } from "react";
import { useTags } from "./ChatList";
import { filters, noFilter } from "./list";
import { selectAll, setFilter, useListing } from "./selection";
import { NameDialog } from "../ui/NameDialog";

export function FilterMenu() {
  const filter = useListing((l) => l.filter);
  const chats = useCache((cache) => cache.chats);
  const [naming, setNaming] = useState(false);
  const tags = useTags();
  return (
    <>
      <DropdownMenu.Root modal={false}>
        <DropdownMenu.Trigger className={`icon-button filter-button ${filters(filter) ? "filter-on" : ""}`} aria-label={t.organise.filter} title={t.organise.filter}>
          <ListFilter />
        </DropdownMenu.Trigger>
        <DropdownMenu.Portal>
          <DropdownMenu.Content className="menu" align="end" sideOffset={4} collisionPadding={8}>
            <DropdownMenu.RadioGroup value={filter.tag ? `tag ${filter.tag}` : filter.archived ? "archived" : "all"}>
              <DropdownMenu.RadioItem className="menu-item" value="all" onSelect={() => setFilter(noFilter)}>
                <Mark />
                {t.organise.all}
              </DropdownMenu.RadioItem>
              <DropdownMenu.RadioItem className="menu-item" value="archived" onSelect={() => setFilter({ archived: true, tag: "" })}>
                <Mark />
                {t.organise.archived}
              </DropdownMenu.RadioItem>
              {tags.length > 0 && <DropdownMenu.Label className="menu-label">{t.organise.tags}</DropdownMenu.Label>}
              {tags.map((tag) => (
                <DropdownMenu.RadioItem key={tag} className="menu-item" value={`tag ${tag}`} onSelect={() => setFilter({ archived: false, tag })}>
                  <Mark />
                  {tag}
                </DropdownMenu.RadioItem>
              ))}
            </DropdownMenu.RadioGroup>
            <DropdownMenu.Separator className="menu-line" />
            <DropdownMenu.Item className="menu-item menu-item-inset" onSelect={() => selectAll([])} disabled={chats.length === 0}>
              {t.organise.select}
            </DropdownMenu.Item>
            <DropdownMenu.Item className="menu-item menu-item-inset" onSelect={() => setTimeout(() => setNaming(true), 0)}>
              {t.organise.newFolder}
            </DropdownMenu.Item>
          </DropdownMenu.Content>
        </DropdownMenu.Portal>
      </DropdownMenu.Root>
      {naming && <NameDialog title={t.organise.createFolder} label={t.organise.folderName} action={t.organise.createFolder} onClose={() => setNaming(false)} onDone={(name) => void createFolder(name)} />}
    </>
  );
}

/** Says that not all chats are shown, and why. */
export function FilterNote() {
  const filter = useListing((l) => l.filter);
  if (!filters(filter)) return null;
  return (
    <p className="filter-note">
      {t.organise.showOnly(filter.tag || t.organise.archived)}
      <IconButton label={t.organise.clearFilter} onClick={() => setFilter(noFilter)}>
        <X />
      </IconButton>
    </p>
  );
}
