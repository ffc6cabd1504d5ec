// A title, being changed where it stands.
import { useEffect, useRef, useState } from "react";

/** Gives the focus back to what the field stood for, unless it went somewhere else meanwhile: the next key is meant for that. */
export function focusAgain(find: () => HTMLElement | null | undefined): void {
  requestAnimationFrame(() => {
    if (document.activeElement === document.body) find()?.focus();
  });
}

export function RenameField({ title, label, onDone }: { title: string; label: string; onDone: (title: string | null) => void }) {
  const [text, setText] = useState(title);
  const box = useRef<HTMLInputElement>(null);
  const done = useRef(false);
  useEffect(() => {
    // After the menu has given its focus back.
    const timer = setTimeout(() => box.current?.select(), 30);
    return () => clearTimeout(timer);
  }, []);
  const finish = (next: string | null) => {
    if (done.current) return;
    done.current = true;
    onDone(next);
  };
  return (
    <input
      ref={box}
      className="rename"
      aria-label={label}
      value={text}
      onChange={(e) => setText(e.target.value)}
      onBlur={() => finish(text.trim() || null)}
      onKeyDown={(e) => {
        if (e.nativeEvent.isComposing) return;
        if (e.key === "Enter") finish(text.trim() || null);
        if (e.key === "Escape") {
          e.preventDefault();
          finish(null);
        }
      }}
    />
  );
}
