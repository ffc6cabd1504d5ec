// The small pieces that all pages are made of.
import { Check, Copy } from "lucide-react";
import { Dialog, Slider as RadixSlider, Switch as RadixSwitch, Tooltip } from "radix-ui";
import { useEffect, useId, useRef, useState, type ButtonHTMLAttributes, type ReactNode } from "react";
import { copyText } from "../transport/api";
import { numberIn, numeral } from "./format";
import { attempt } from "./notify";
import { t } from "../strings";

type ButtonProps = ButtonHTMLAttributes<HTMLButtonElement> & { kind?: "plain" | "primary" | "quiet" | "danger"; small?: boolean };

export function Button({ kind = "plain", small, className = "", type = "button", ...rest }: ButtonProps) {
  return <button type={type} className={`button button-${kind} ${small ? "button-small" : ""} ${className}`} {...rest} />;
}

type IconButtonProps = ButtonHTMLAttributes<HTMLButtonElement> & { label: string; keys?: string; side?: "top" | "bottom" | "right" | "left" };

/** A button that is only a picture: its name is told to screen readers and in a tooltip. */
export function IconButton({ label, keys, side = "bottom", className = "", type = "button", ...rest }: IconButtonProps) {
  return (
    <Hint text={label} keys={keys} side={side}>
      <button type={type} className={`icon-button ${className}`} aria-label={label} {...rest} />
    </Hint>
  );
}

export function Hint({ text, keys, side = "bottom", children }: { text: string; keys?: string; side?: "top" | "bottom" | "right" | "left"; children: ReactNode }) {
  return (
    <Tooltip.Root>
      <Tooltip.Trigger asChild>{children}</Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Content className="tooltip" side={side} sideOffset={6} collisionPadding={8}>
          {text}
          {keys && <kbd>{keys}</kbd>}
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}

/** Copies a text and shows for a moment that it did. */
export function CopyButton({ text, label = t.common.copy, className = "" }: { text: string | (() => string); label?: string; className?: string }) {
  const [copied, setCopied] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const copy = async () => {
    if (!(await attempt(t.common.copy, () => copyText(typeof text === "string" ? text : text())))) return;
    setCopied(true);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setCopied(false), 1600);
  };
  return (
    <IconButton label={copied ? t.common.copied : label} side="top" className={className} onClick={() => void copy()}>
      {copied ? <Check className="good" /> : <Copy />}
    </IconButton>
  );
}

export function Switch({ checked, onChange, label, hint }: { checked: boolean; onChange: (on: boolean) => void; label: string; hint?: string }) {
  const id = useId();
  return (
    <div className="field field-row">
      <div>
        <label className="field-label" htmlFor={id}>
          {label}
        </label>
        {hint && (
          <p className="field-hint" id={`${id}-hint`}>
            {hint}
          </p>
        )}
      </div>
      <RadixSwitch.Root id={id} className="switch" checked={checked} onCheckedChange={onChange} aria-describedby={hint ? `${id}-hint` : undefined}>
        <RadixSwitch.Thumb className="switch-thumb" />
      </RadixSwitch.Root>
    </div>
  );
}

interface NumberFieldProps {
  label: string;
  hint?: string;
  value: number;
  min: number;
  max: number;
  step?: number;
  onChange: (value: number) => void;
}

/** A number typed in; taken when it is valid, put back in range when the field is left. */
export function NumberField({ label, hint, value, min, max, step = 1, onChange }: NumberFieldProps) {
  const id = useId();
  return (
    <div className="field field-row">
      <div>
        <label className="field-label" htmlFor={id}>
          {label}
        </label>
        {hint && (
          <p className="field-hint" id={`${id}-hint`}>
            {hint}
          </p>
        )}
      </div>
      <NumberInput id={id} describedBy={hint ? `${id}-hint` : undefined} value={value} min={min} max={max} step={step} onChange={onChange} />
    </div>
  );
}

interface NumberInputProps extends Omit<NumberFieldProps, "label" | "hint"> {
  id: string;
  describedBy?: string;
  label?: string;
}

function NumberInput({ id, describedBy, label, value, min, max, step = 1, onChange }: NumberInputProps) {
  const [text, setText] = useState<string | null>(null);
  const inRange = (n: number) => Math.min(max, Math.max(min, step >= 1 ? Math.round(n) : n));
  return (
    <input
      id={id}
      className="input input-number"
      type="text"
      inputMode={step >= 1 ? "numeric" : "decimal"}
      aria-label={label}
      aria-describedby={describedBy}
      value={text ?? numeral(value)}
      onChange={(e) => {
        setText(e.target.value);
        const n = numberIn(e.target.value);
        if (Number.isFinite(n) && inRange(n) === n) onChange(n);
      }}
      onBlur={() => {
        const n = numberIn(text ?? "");
        if (Number.isFinite(n) && inRange(n) !== value) onChange(inRange(n));
        setText(null);
      }}
    />
  );
}

/** A number with a slider and a field beside it. */
export function SliderField({ label, hint, value, min, max, step = 1, onChange }: NumberFieldProps) {
  const id = useId();
  return (
    <div className="field">
      <div className="slider-head">
        <label className="field-label" htmlFor={id}>
          {label}
        </label>
        <NumberInput id={id} describedBy={hint ? `${id}-hint` : undefined} value={value} min={min} max={max} step={step} onChange={onChange} />
      </div>
      <RadixSlider.Root className="slider" value={[Math.min(max, Math.max(min, value))]} min={min} max={max} step={step} onValueChange={([v]) => v !== undefined && onChange(v)}>
        <RadixSlider.Track className="slider-track">
          <RadixSlider.Range className="slider-range" />
        </RadixSlider.Track>
        <RadixSlider.Thumb className="slider-thumb" aria-label={label} />
      </RadixSlider.Root>
      {hint && (
        <p className="field-hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

interface TextFieldProps {
  label: string;
  hint?: string;
  value: string;
  placeholder?: string;
  secret?: boolean;
  onSave: (text: string) => void;
}

/** A line of text that is taken when the field is left or Enter is pressed. */
export function TextField({ label, hint, value, placeholder, secret, onSave }: TextFieldProps) {
  const id = useId();
  const [text, setText] = useState<string | null>(null);
  const take = () => {
    if (text !== null && text.trim() !== value) onSave(text.trim());
    setText(null);
  };
  return (
    <div className="field">
      <label className="field-label" htmlFor={id}>
        {label}
      </label>
      <input
        id={id}
        className="input"
        type={secret ? "password" : "text"}
        autoComplete="off"
        spellCheck={false}
        value={text ?? value}
        placeholder={placeholder}
        aria-describedby={hint ? `${id}-hint` : undefined}
        onFocus={() => secret && setText("")}
        onChange={(e) => setText(e.target.value)}
        onBlur={() => (secret && text === "" ? setText(null) : take())}
        onKeyDown={(e) => e.key === "Enter" && take()}
      />
      {hint && (
        <p className="field-hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

interface TextAreaFieldProps {
  label: string;
  hint?: string;
  value: string;
  rows?: number;
  placeholder?: string;
  onChange: (text: string) => void;
  onBlur?: () => void;
}

export function TextAreaField({ label, hint, value, rows = 4, placeholder, onChange, onBlur }: TextAreaFieldProps) {
  const id = useId();
  return (
    <div className="field">
      <label className="field-label" htmlFor={id}>
        {label}
      </label>
      {hint && (
        <p className="field-hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      <textarea id={id} className="input" rows={rows} value={value} placeholder={placeholder} aria-describedby={hint ? `${id}-hint` : undefined} onChange={(e) => onChange(e.target.value)} onBlur={onBlur} />
    </div>
  );
}

export function Progress({ done, total, label }: { done: number; total: number; label: string }) {
  const known = total > 0;
  const share = known ? Math.min(1, done / total) : 0;
  return (
    <div
      className={`progress ${known ? "" : "progress-unknown"}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={known ? Math.round(share * 100) : undefined}
    >
      <div className="progress-bar" style={known ? { transform: `scaleX(${share})` } : undefined} />
    </div>
  );
}

/** Asks before something that cannot be undone. */
export function Confirm({ open, title, text, action, onConfirm, onClose }: { open: boolean; title: string; text: string; action: string; onConfirm: () => void; onClose: () => void }) {
  return (
    <Dialog.Root open={open} onOpenChange={(o) => !o && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className="veil" />
        <Dialog.Content className="dialog" role="alertdialog">
          <Dialog.Title className="dialog-title">{title}</Dialog.Title>
          <Dialog.Description className="dialog-text">{text}</Dialog.Description>
          <div className="dialog-actions">
            <Button onClick={onClose}>{t.common.cancel}</Button>
            <Button
              kind="danger"
              onClick={() => {
                onConfirm();
                onClose();
              }}
            >
              {action}
            </Button>
          </div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

/** Freehold's mark: a parcel's boundary that reads as an F, and its corner peg. */
export function Mark({ size = 20 }: { size?: number }) {
  return (
    <svg className="mark" width={size} height={size} viewBox="0 0 24 24" fill="none" aria-hidden="true">
      <rect className="mark-plot" x="1.5" y="1.5" width="21" height="21" rx="5" />
      <path className="mark-line" d="M7.5 18V6.8h9.6M7.5 12.2h6.2" />
      <rect className="mark-peg" x="15" y="15.4" width="2.6" height="2.6" />
    </svg>
  );
}
