// Asks for a name.
import { Dialog } from "radix-ui";
import { useId, useState } from "react";
import { t } from "../strings";
import { Button } from "./controls";

interface Props {
  title: string;
  label: string;
  action: string;
  name?: string;
  /** Offered as completions. */
  known?: readonly string[];
  onClose: () => void;
  onDone: (name: string) => void;
}

/** Is shown as long as it is drawn. */
export function NameDialog({ title, label, action, name = "", known = [], onClose, onDone }: Props) {
  const [text, setText] = useState(name);
  const id = useId();
  const wanted = text.trim();
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className="veil" />
        <Dialog.Content className="dialog" aria-describedby={undefined}>
          <Dialog.Title className="dialog-title">{title}</Dialog.Title>
          <form
            onSubmit={(e) => {
              e.preventDefault();
              if (wanted === "") return;
              onClose();
              onDone(wanted);
            }}
          >
            <div className="field">
              <label className="field-label" htmlFor={id}>
                {label}
              </label>
              <input id={id} className="input" type="text" autoComplete="off" maxLength={80} list={known.length > 0 ? `${id}-known` : undefined} value={text} onChange={(e) => setText(e.target.value)} />
              <datalist id={`${id}-known`}>
                {known.map((k) => (
                  <option key={k} value={k} />
                ))}
              </datalist>
            </div>
            <div className="dialog-actions">
              <Button onClick={onClose}>{t.common.cancel}</Button>
              <Button kind="primary" type="submit" disabled={wanted === ""}>
                {action}
              </Button>
            </div>
          </form>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
