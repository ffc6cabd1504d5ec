// Ways to add files without dropping them. The window asks with the system's
// own dialogue and learns paths; a browser hands the files over.
import { FilePlus2, FolderPlus } from "lucide-react";
import { useRef } from "react";
import * as api from "../transport/api";
import { useCache } from "../transport/cache";
import { Button } from "../ui/controls";
import { attempt } from "../ui/notify";
import { t } from "../strings";
import { addFiles, addPaths, type Goal } from "./actions";

export function AddButtons({ goal, small, folder = true }: { goal: Goal; small?: boolean; folder?: boolean }) {
  const desktop = useCache((cache) => cache.about.face === "desktop");
  const files = useRef<HTMLInputElement>(null);
  const folders = useRef<HTMLInputElement>(null);
  const choose = (of: "files" | "folder") => {
    if (!desktop) return (of === "files" ? files : folders).current?.click();
    void attempt(t.documents.addFailed, async () => {
      const paths = of === "files" ? await api.chooseFiles(t.documents.chooseFiles) : [await api.chooseFolder(t.documents.chooseFolder)].filter(Boolean);
      if (paths.length > 0) await addPaths(paths, goal);
    });
  };
  const take = (input: HTMLInputElement) => {
    const chosen = [...(input.files ?? [])].filter((f) => !f.name.startsWith("."));
    input.value = ""; // the same file can be chosen again
    if (chosen.length > 0) void addFiles(chosen, goal);
  };
  return (
    <div className="add-buttons">
      <Button kind={small ? "plain" : "primary"} small={small} onClick={() => choose("files")}>
        <FilePlus2 aria-hidden="true" />
        {t.documents.addFiles}
      </Button>
      {folder && (
        <Button small={small} onClick={() => choose("folder")}>
          <FolderPlus aria-hidden="true" />
          {t.documents.addFolder}
        </Button>
      )}
      {!desktop && (
        <>
          <input ref={files} type="file" multiple hidden onChange={(e) => take(e.currentTarget)} aria-label={t.documents.chooseFiles} />
          <input ref={(e) => void (folders.current = e)?.setAttribute("webkitdirectory", "")} type="file" hidden onChange={(e) => take(e.currentTarget)} aria-label={t.documents.chooseFolder} />
        </>
      )}
    </div>
  );
}
