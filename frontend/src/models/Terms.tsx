// Licences that ask to be accepted are shown once, in words, before a download.
import { Dialog } from "radix-ui";
import * as api from "../transport/api";
import { Button } from "../ui/controls";
import { attempt } from "../ui/notify";
import { t } from "../strings";
import { pull } from "./pull";

export interface TermsOf {
  ref: string;
  name: string;
  licence: string;
  licenceName: string;
  licenceUrl: string;
  restrictions: string;
}

export function Terms({ of, onClose, onPulled }: { of: TermsOf | null; onClose: () => void; onPulled?: () => void }) {
  const accept = async () => {
    if (!of) return;
    if (!(await attempt(t.terms.failed, () => api.acceptLicence(of.licence, of.ref)))) return;
    onClose();
    if (await pull(of.ref)) onPulled?.();
  };
  return (
    <Dialog.Root open={of !== null} onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className="veil" />
        <Dialog.Content className="dialog">
          <Dialog.Title className="dialog-title">{of && t.terms.title(of.licenceName)}</Dialog.Title>
          <Dialog.Description className="dialog-text">{of && t.terms.text(of.name)}</Dialog.Description>
          {of && (
            <>
              <p className="terms-words">{of.restrictions}</p>
              {of.licenceUrl && (
                <p>
                  <a href={of.licenceUrl}>{t.terms.read}</a>
                </p>
              )}
            </>
          )}
          <div className="dialog-actions">
            <Button onClick={onClose}>{t.common.cancel}</Button>
            <Button kind="primary" onClick={() => void accept()}>
              {t.terms.accept}
            </Button>
          </div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
