// A button that asks for files: in the window the system does, a browser hands
// copies over.
import { useRef, type ReactNode } from "react";
import * as api from "../transport/api";
import { useCache } from "../transport/cache";
import { Button } from "../ui/controls";
import { attempt } from "../ui/notify";

interface Props {
  children: ReactNode;
  /** What is asked for, in words. */
  title: string;
  /** What is said if it fails. */
  failed: string;
  disabled: boolean;
  busy?: boolean;
  multiple?: boolean;
  accept?: string;
  onChosen: (paths: string[]) => void;
}

export function ChooseFiles({ children, title, failed, disabled, busy, multiple, accept, onChosen }: Props) {
  const desktop = useCache((cache) => cache.about.face === "desktop");
  const picker = useRef<HTMLInputElement>(null);
  const choose = () => {
    if (desktop) void attempt(failed, async () => onChosen(await api.chooseFiles(title)));
    else picker.current?.click();
  };
  return (
    <>
      <Button onClick={choose} disabled={disabled} aria-busy={busy}>
        {children}
      </Button>
      <input
        ref={picker}
        className="unseen"
        type="file"
        multiple={multiple}
        accept={accept}
        tabIndex={-1}
        aria-label={title}
        onChange={(e) => {
          const files = [...(e.target.files ?? [])];
          e.target.value = "";
          if (files.length > 0) void attempt(failed, async () => onChosen(await api.uploadFiles(files)));
        }}
      />
    </>
  );
}
