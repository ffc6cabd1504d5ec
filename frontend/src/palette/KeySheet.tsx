// All keys, from the table that the handlers use.
import { X } from "lucide-react";
import { Dialog } from "radix-ui";
import { Fragment } from "react";
import { IconButton } from "../ui/controls";
import { keysOf, shortcutNames, shortcuts, shown, type Group } from "../ui/shortcuts";
import { t } from "../strings";
import { show } from "./open";
import "./palette.css";

const groups: Group[] = ["everywhere", "chat", "writing", "list"];

export default function KeySheet() {
  return (
    <Dialog.Root open onOpenChange={(open) => !open && show("")}>
      <Dialog.Portal>
        <Dialog.Overlay className="veil veil-light" />
        <Dialog.Content
          className="sheet"
          onOpenAutoFocus={(e) => {
            e.preventDefault(); // not the close button with its tooltip
            (e.currentTarget as HTMLElement).querySelector<HTMLElement>(".sheet-body")?.focus();
          }}
        >
          <header className="sheet-head">
            <Dialog.Title className="sheet-title">{t.shortcuts.title}</Dialog.Title>
            <Dialog.Close asChild>
              <IconButton label={t.common.close} side="left">
                <X />
              </IconButton>
            </Dialog.Close>
          </header>
          <div className="sheet-body keys-body" tabIndex={0} role="region" aria-label={t.shortcuts.title}>
            <Dialog.Description className="field-hint">{t.shortcuts.intro}</Dialog.Description>
            {groups.map((group) => (
              <section key={group}>
                <h3 className="sheet-section">{t.shortcuts.groups[group]}</h3>
                <dl className="keys">
                  {shortcutNames
                    .filter((name) => shortcuts[name].group === group)
                    .map((name) => (
                      <div key={name}>
                        <dt>{t.shortcuts.names[name]}</dt>
                        <dd>
                          {keysOf(name).map((keys, i) => (
                            <Fragment key={keys}>
                              {i > 0 && ` ${t.shortcuts.or} `}
                              <kbd>{shown(keys)}</kbd>
                            </Fragment>
                          ))}
                        </dd>
                      </div>
                    ))}
                </dl>
              </section>
            ))}
          </div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
