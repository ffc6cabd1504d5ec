// Asks for what a prompt needs, and shows what will be sent.
import { ClipboardPaste } from "lucide-react";
import { Dialog } from "radix-ui";
import { useId, useState } from "react";
import { clipboardText } from "../transport/clipboard";
import { Button } from "../ui/controls";
import { notify } from "../ui/notify";
import { speaking, t } from "../strings";
import { endAsking, put, sendOrPut, type Asking } from "./actions";
import { asked, fill, keyOf, partsOf, type Variable } from "./variables";
import "./presets.css";

export default function VariableForm({ now: { chatId, preset, values: before } }: { now: Asking }) {
  const parts = partsOf(preset.prompt);
  const wanted = asked(parts);
  const [values, setValues] = useState(before);
  const text = fill(parts, values, new Date(), speaking());
  const ready = wanted.every((v) => (values[keyOf(v)] ?? "").trim() !== "");
  const done = (act: (chatId: string, text: string) => void) => {
    endAsking();
    act(chatId, text);
  };
  return (
    <Dialog.Root open onOpenChange={(open) => !open && endAsking()}>
      <Dialog.Portal>
        <Dialog.Overlay className="veil" />
        <Dialog.Content className="dialog variable-form">
          <Dialog.Title className="dialog-title">{t.variables.title(preset.name)}</Dialog.Title>
          <Dialog.Description className="field-hint">{t.variables.intro}</Dialog.Description>
          <form
            onSubmit={(e) => {
              e.preventDefault();
              if (ready) done(sendOrPut);
            }}
          >
            {wanted.map((v) => (
              <Ask key={keyOf(v)} variable={v} value={values[keyOf(v)] ?? ""} onChange={(value) => setValues({ ...values, [keyOf(v)]: value })} />
            ))}
            <details className="more">
              <summary>{t.variables.preview}</summary>
              <pre className="variable-preview" tabIndex={0}>
                {text}
              </pre>
            </details>
            <div className="dialog-actions">
              <Button onClick={endAsking}>{t.common.cancel}</Button>
              <Button onClick={() => done(put)}>{t.variables.insert}</Button>
              <Button kind="primary" type="submit" disabled={!ready}>
                {t.variables.send}
              </Button>
            </div>
          </form>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Ask({ variable: v, value, onChange }: { variable: Variable; value: string; onChange: (value: string) => void }) {
  const id = useId();
  const label = v.kind === "input" ? v.name : v.kind === "clipboard" ? t.variables.clipboard : t.variables.selection;
  const take = () =>
    void clipboardText().then(
      (text) => onChange(text),
      () => notify(t.variables.clipboardFailed),
    );
  return (
    <div className="field">
      <label className="field-label" htmlFor={id}>
        {label}
      </label>
      {v.kind === "input" ? (
        <input id={id} className="input" type="text" autoComplete="off" value={value} onChange={(e) => onChange(e.target.value)} />
      ) : (
        <textarea id={id} className="input" rows={4} value={value} placeholder={v.kind === "selection" ? t.variables.selectionHint : ""} onChange={(e) => onChange(e.target.value)} />
      )}
      {v.kind === "clipboard" && (
        <Button small onClick={take}>
          <ClipboardPaste aria-hidden="true" />
          {t.variables.takeClipboard}
        </Button>
      )}
    </div>
  );
}
