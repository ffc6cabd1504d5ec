// Which answers were asked for together.
import type { Message } from "../transport/api";

/** The answers of a message's trial in their order; empty unless there are several. */
export function trialOf(messages: readonly Message[], m: Message): Message[] {
  if (!m.trial) return [];
  const all = messages.filter((other) => other.trial?.id === m.trial!.id && other.parentId === m.parentId);
  return all.length > 1 ? all : [];
}
