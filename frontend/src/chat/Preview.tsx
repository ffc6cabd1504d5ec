// A page or picture of a model, in a frame that nothing gets out of.
import { Maximize2, X } from "lucide-react";
import { Dialog } from "radix-ui";
import { useMemo } from "react";
import { t } from "../strings";
import { IconButton } from "../ui/controls";
import { shutIn, type Artifact } from "./artifact";

interface Props {
  code: string;
  kind: Artifact;
  label: string;
}

function Frame({ code, kind, label }: Props) {
  const page = useMemo(() => shutIn(code, kind), [code, kind]);
  // No permission at all: no script, no form, no other window, an origin of its own.
  return <iframe className="preview-frame" sandbox="" referrerPolicy="no-referrer" title={t.rendering.previewOf(label)} srcDoc={page} />;
}

export function Preview(props: Props) {
  return (
    <div className="preview">
      <Frame {...props} />
      <p className="preview-note">{t.rendering.previewNote}</p>
    </div>
  );
}

/** The same as large as the window. */
export function FullSize(props: Props) {
  const name = t.rendering.previewOf(props.label);
  return (
    <Dialog.Root>
      <Dialog.Trigger className="icon-button" aria-label={t.rendering.fullSize} title={t.rendering.fullSize}>
        <Maximize2 />
      </Dialog.Trigger>
      <Dialog.Portal>
        <Dialog.Content
          className="preview-full"
          aria-describedby={undefined}
          onOpenAutoFocus={(e) => {
            e.preventDefault(); // the button to close it would open its tooltip over the page
            (e.currentTarget as HTMLElement).focus();
          }}
        >
          <header className="preview-full-bar">
            <Dialog.Title className="preview-full-title">{name}</Dialog.Title>
            <Dialog.Close asChild>
              <IconButton label={t.common.close}>
                <X />
              </IconButton>
            </Dialog.Close>
          </header>
          <Frame {...props} />
          <p className="preview-note">{t.rendering.previewNote}</p>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
