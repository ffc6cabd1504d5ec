// What a page in a native window must never do: leave. Both guards are needed
// on WebKitGTK, where a dropped file or a followed link replaces the interface.

/** Keeps dropped files from replacing the page. Calls back while files hover, and with what was dropped. */
export function guardDrops(hover: (over: boolean) => void, dropped: (data: DataTransfer | null) => void, target: Window = window): () => void {
  let leaving: ReturnType<typeof setTimeout> | undefined;
  // WebKitGTK lists text/uri-list where other engines list Files.
  const carriesFiles = (e: DragEvent) => {
    const types = e.dataTransfer?.types ?? [];
    return types.includes("Files") || types.includes("text/uri-list");
  };
  const over = (e: DragEvent) => {
    if (!carriesFiles(e)) return;
    e.preventDefault();
    clearTimeout(leaving);
    hover(true);
  };
  const leave = () => {
    clearTimeout(leaving);
    leaving = setTimeout(() => hover(false), 80); // dragover follows at once while still inside
  };
  const drop = (e: DragEvent) => {
    if (!carriesFiles(e)) return;
    e.preventDefault();
    clearTimeout(leaving);
    hover(false);
    dropped(e.dataTransfer);
  };
  target.addEventListener("dragover", over);
  target.addEventListener("dragleave", leave);
  target.addEventListener("drop", drop);
  return () => {
    clearTimeout(leaving);
    target.removeEventListener("dragover", over);
    target.removeEventListener("dragleave", leave);
    target.removeEventListener("drop", drop);
  };
}

/** The address to open outside, or null for places inside the page and for schemes nobody should follow. */
export function externalAddress(link: string): string | null {
  if (link.startsWith("#")) return null;
  try {
    const { protocol, href } = new URL(link);
    return protocol === "http:" || protocol === "https:" || protocol === "mailto:" ? href : null;
  } catch {
    return null; // relative: there is nothing for it to be relative to
  }
}

/** Opens links outside, through open, and lets none navigate the page away. */
export function guardLinks(open: (url: string) => void, target: Document = document): () => void {
  const click = (e: MouseEvent) => {
    const link = (e.target as Element | null)?.closest?.("a[href]")?.getAttribute("href");
    if (link == null || link.startsWith("#/")) return;
    e.preventDefault();
    const url = externalAddress(link);
    if (url && (e.type === "click" || e.button === 1)) open(url);
  };
  target.addEventListener("click", click);
  target.addEventListener("auxclick", click);
  return () => {
    target.removeEventListener("click", click);
    target.removeEventListener("auxclick", click);
  };
}
