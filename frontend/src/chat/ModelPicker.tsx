import { Check, ChevronDown } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import type { Model } from "../transport/api";
import { bytes, parameters } from "../ui/format";
import { go } from "../ui/route";
import { t } from "../strings";
import { openMenu, useOpened } from "./open";

export const modelFacts = (m: Model): string =>
  [parameters(m.parameters), m.quant, m.sizeBytes > 0 ? bytes(m.sizeBytes) : ""].filter(Boolean).join(" · ");

/** Shows which model answers next, and lets another one be chosen. */
export function ModelPicker({ chatId, models, current, onChoose, onCompare }: { chatId: string; models: readonly Model[]; current: string; onChoose: (ref: string) => void; onCompare: () => void }) {
  const model = models.find((m) => m.ref === current);
  const open = useOpened((o) => o.menu === "model" && o.chat === chatId);
  const name = model?.name ?? (current || t.picker.none);
  return (
    <DropdownMenu.Root modal={false} open={open} onOpenChange={(o) => openMenu(o ? "model" : "", chatId)}>
      <DropdownMenu.Trigger className="picker" aria-label={t.picker.label(name)}>
        <span className={`picker-lamp ${model?.loaded ? "picker-lamp-on" : ""}`} aria-hidden="true" />
        <span className="picker-name">{name}</span>
        <ChevronDown aria-hidden="true" />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu picker-menu" side="top" align="start" sideOffset={8} collisionPadding={12}>
          {models.length > 0 && (
            <>
              <DropdownMenu.Label className="menu-label">{t.picker.title}</DropdownMenu.Label>
              <DropdownMenu.RadioGroup value={current} onValueChange={onChoose}>
                {models.map((m) => (
                  <DropdownMenu.RadioItem key={m.ref} value={m.ref} className="menu-item picker-item" disabled={m.problem !== ""}>
                    <span className="menu-check">
                      <DropdownMenu.ItemIndicator>
                        <Check />
                      </DropdownMenu.ItemIndicator>
                    </span>
                    <span className="picker-text">
                      <span>{m.name}</span>
                      <small>
                        {m.problem || modelFacts(m)}
                        {m.loaded && !m.problem && ` · ${t.picker.loaded}`}
                      </small>
                    </span>
                  </DropdownMenu.RadioItem>
                ))}
              </DropdownMenu.RadioGroup>
              <DropdownMenu.Separator className="menu-line" />
            </>
          )}
          {models.length > 0 && (
            <DropdownMenu.Item className="menu-item" onSelect={onCompare}>
              {t.compare.menu}
            </DropdownMenu.Item>
          )}
          <DropdownMenu.Item className="menu-item" onSelect={() => go({ page: "models" })}>
            {models.length > 0 ? t.picker.manage : t.composer.addModel}
          </DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
