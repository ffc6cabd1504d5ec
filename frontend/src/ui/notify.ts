// Short messages at the edge of the window.
import { toast } from "sonner";
import { t } from "../strings";
import { sentence } from "./format";

export const messageOf = (e: unknown): string => (e instanceof Error ? e.message : String(e));

/** Says what failed and what the program said about it. */
export const notifyFailure = (what: string, e: unknown) => toast.error(what, { description: sentence(messageOf(e)), duration: 8000 });
export const notify = (text: string) => toast(text, { duration: 6000 });
/** A message that stays until the user has put it away. */
export const notifyLasting = (text: string, onSeen: () => void) => toast(sentence(text), { duration: Infinity, action: { label: t.common.close, onClick: onSeen } });
/** A message with something to do about it, such as to undo. */
export const notifyAction = (text: string, label: string, act: () => void) =>
  toast(text, { duration: 8000, action: { label, onClick: act } });

export const dismiss = (id: string | number) => void toast.dismiss(id);

/** Runs a call and tells when it fails; answers whether it worked. */
export async function attempt(what: string, work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (e) {
    notifyFailure(what, e);
    return false;
  }
}
