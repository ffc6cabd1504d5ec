// Hands an exported file over: the window has saved it, a browser downloads it.
import type { Exported } from "../transport/api";

/** Answers with the path under which the window saved it; "" if there is nothing to tell. */
export function saveFile(file: Exported): string {
  if (file.path || !file.data) return file.path;
  const bytes = Uint8Array.from(atob(file.data), (c) => c.charCodeAt(0));
  const url = URL.createObjectURL(new Blob([bytes], { type: file.type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = file.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
  return "";
}
