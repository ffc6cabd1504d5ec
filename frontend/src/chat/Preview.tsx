// A page or picture of a model, in a frame that nothing gets out of.
import { Maximize2, X } from "lucide-react";
import { Dialog } from "radix-ui";
import { useEffect, useMemo, useState } from "react";
import { t } from "../strings";
import { IconButton } from "../ui/controls";
import { messageOf } from "../ui/notify";
import { shutIn, type Artifact } from "./artifact";
import { drawDiagram, type Drawing } from "./diagram";

interface Props {
  code: string;
  kind: Artifact;
  label: string;
}

function Frame(props: Props) {
  return props.kind === "mermaid" ? <Diagram {...props} /> : <ShutIn {...props} kind={props.kind} />;
}

function ShutIn({ code, kind, label, height }: Props & { kind: "html" | "svg"; height?: number }) {
  const page = useMemo(() => shutIn(code, kind), [code, kind]);
  // No permission at all: no script, no form, no other window, an origin of its own.
  return <iframe className="preview-frame" style={height ? { height } : undefined} sandbox="" referrerPolicy="no-referrer" title={t.rendering.previewOf(label)} srcDoc={page} />;
}

/** The picture that a diagram's source comes to, or what is wrong with it. */
function Diagram(props: Props) {
  const [drawing, setDrawing] = useState<Drawing | string | null>(null);
  useEffect(() => {
    let stale = false;
    drawDiagram(props.code).then(
      (d) => !stale && setDrawing(d),
      (e: unknown) => !stale && setDrawing(messageOf(e)),
    );
    return () => {
      stale = true;
    };
  }, [props.code]);
  if (drawing === null)
    return (
      <p className="preview-wait" role="status">
        {t.rendering.drawing}
      </p>
    );
  if (typeof drawing === "string")
    return (
      <div className="preview-failed" role="group" tabIndex={0} aria-label={t.rendering.diagramFailed}>
        <p>{t.rendering.diagramFailed}</p>
        <pre>{drawing}</pre>
      </div>
    );
  return <ShutIn {...props} kind="svg" code={drawing.svg} height={fitting(drawing)} />;
}

/** As high as the picture is at the usual width of an answer, within reason. */
const fitting = ({ width, height }: Drawing): number => Math.round(Math.min(560, Math.max(120, height * Math.min(1, 700 / (width || 700)) + 32)));

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
