// Asks for the name of a folder or tag that chats shall get.
import type { ChatSummary } from "../transport/api";
import { useCache } from "../transport/cache";
import { t } from "../strings";
import { NameDialog } from "../ui/NameDialog";
import { createFolder, moveTo, tag } from "./actions";
import type { Asking } from "./ArrangeItems";
import { tagsOf } from "./list";

export function Asker({ what, chats, onClose }: { what: Asking; chats: readonly ChatSummary[]; onClose: () => void }) {
  const all = useCache((cache) => cache.chats);
  if (what === "folder")
    return (
      <NameDialog
        title={t.organise.createFolder}
        label={t.organise.folderName}
        action={t.organise.createFolder}
        onClose={onClose}
        onDone={(name) =>
          void createFolder(name).then((id) => {
            if (id && chats.length > 0) void moveTo(chats, id);
          })
        }
      />
    );
  if (what === "tag")
    return <NameDialog title={t.organise.addTag} label={t.organise.tagName} action={t.organise.addTag} known={tagsOf(all)} onClose={onClose} onDone={(name) => void tag(chats, name.replace(/^#+/, ""), true)} />;
  return null;
}
