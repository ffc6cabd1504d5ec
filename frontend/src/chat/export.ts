// Chats as files: in the window saved where the user says, in a browser downloaded.
import * as api from "../transport/api";
import { attempt, notify } from "../ui/notify";
import { t } from "../strings";

export const exportFormats = ["markdown", "json", "pdf", "jsonl"] as const;

/** ids: none means all. */
export const exportChats = (ids: readonly string[], format: api.ExportFormat): Promise<boolean> =>
  attempt(t.data.exportFailed, async () => {
    const file = await api.exportChats(ids, format);
    if (file.path) return notify(t.data.exported(file.path));
    if (!file.fetch && !file.data) return; // the user thought better of it
    const link = document.createElement("a");
    link.download = file.name;
    if (file.fetch) link.href = `/download/${file.fetch}`;
    else {
      const bytes = Uint8Array.from(atob(file.data), (c) => c.charCodeAt(0));
      link.href = URL.createObjectURL(new Blob([bytes], { type: file.type }));
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    }
    link.click();
  });
