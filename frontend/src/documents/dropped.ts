// Files out of what was dropped on a browser's page, those in folders as well.
const most = 5000; // files of one drop

/** Must be called while the drop is being handled: what was dropped is out of reach afterwards. */
export function filesOf(data: DataTransfer | null): Promise<File[]> {
  const entries = [...(data?.items ?? [])].flatMap((item) => (item.kind === "file" ? [item.webkitGetAsEntry?.() ?? item.getAsFile()] : []));
  const files = entries.length > 0 ? entries : [...(data?.files ?? [])];
  return gather(files.filter((f) => f !== null));
}

async function gather(all: readonly (FileSystemEntry | File)[]): Promise<File[]> {
  const found: File[] = [];
  const queue = [...all];
  for (let next; found.length < most && (next = queue.shift()); ) {
    if (next instanceof File) found.push(next);
    else if (next.isFile) found.push(await fileOf(next as FileSystemFileEntry));
    else queue.push(...(await childrenOf(next as FileSystemDirectoryEntry)).filter((e) => !e.name.startsWith(".")));
  }
  return found;
}

const fileOf = (entry: FileSystemFileEntry) => new Promise<File>((done, failed) => entry.file(done, failed));

/** A reader gives a folder's entries in parts; an empty part is the end. */
async function childrenOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const part = await new Promise<FileSystemEntry[]>((done, failed) => reader.readEntries(done, failed));
    if (part.length === 0) return all;
    all.push(...part);
  }
}
