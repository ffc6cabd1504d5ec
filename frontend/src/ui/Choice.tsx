// One of several, from a list that opens.
import { Check, ChevronDown } from "lucide-react";
import { Select } from "radix-ui";

export interface Option {
  value: string;
  label: string;
  /** The language of the label, if it is not the page's. */
  lang?: string;
}

/** Values must not be empty; labelledBy is the id of what names the choice. */
export function Choice({ value, options, labelledBy, onChange }: { value: string; options: readonly Option[]; labelledBy: string; onChange: (value: string) => void }) {
  return (
    <Select.Root value={value} onValueChange={onChange}>
      <Select.Trigger className="select" aria-labelledby={labelledBy}>
        <Select.Value />
        <Select.Icon>
          <ChevronDown aria-hidden="true" />
        </Select.Icon>
      </Select.Trigger>
      <Select.Portal>
        <Select.Content className="menu" position="popper" sideOffset={4} collisionPadding={12}>
          <Select.Viewport>
            {options.map((o) => (
              <Select.Item key={o.value} value={o.value} className="menu-item" lang={o.lang}>
                <span className="menu-check">
                  <Select.ItemIndicator>
                    <Check />
                  </Select.ItemIndicator>
                </span>
                <Select.ItemText>{o.label}</Select.ItemText>
              </Select.Item>
            ))}
          </Select.Viewport>
        </Select.Content>
      </Select.Portal>
    </Select.Root>
  );
}
