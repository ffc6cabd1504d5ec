import { useCallback, useEffect, useRef, useState } from "react";

/**
 * A value that the user edits and the program keeps. While it is being edited
 * the user's version is shown; it is saved after a pause, and at once when the
 * field goes away. If saving fails the kept value comes back; save tells why.
 */
export function useEdited<T>(kept: T, save: (value: T) => Promise<boolean>, pause = 450): [T, (value: T) => void] {
  const [edited, setEdited] = useState<{ value: T } | null>(null);
  const waiting = useRef<{ value: T } | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const saving = useRef(save);
  saving.current = save;

  const flush = useCallback(() => {
    clearTimeout(timer.current);
    const mine = waiting.current;
    if (!mine) return;
    waiting.current = null;
    void saving.current(mine.value).then(() => setEdited((now) => (now === mine ? null : now)));
  }, []);

  const change = useCallback(
    (value: T) => {
      const mine = { value };
      waiting.current = mine;
      setEdited(mine);
      clearTimeout(timer.current);
      timer.current = setTimeout(flush, pause);
    },
    [flush, pause],
  );

  useEffect(() => flush, [flush]);
  return [edited ? edited.value : kept, change];
}
