// Named sets of documents, as tabs over the list, and what can be done to them.
import { Ellipsis, FolderSync, Plus } from "lucide-react";
import { Dialog, DropdownMenu } from "radix-ui";
import { useId, useState, type FormEvent } from "react";
import * as api from "../transport/api";
import { useCache } from "../transport/cache";
import { Button, Confirm } from "../ui/controls";
import { count } from "../ui/format";
import { attempt } from "../ui/notify";
import { href } from "../ui/route";
import { t } from "../strings";
import { askAbout, createCollection, deleteCollection, renameCollection } from "./actions";

export function CollectionTabs({ current, all }: { current: string; all: number }) {
  const collections = useCache((cache) => cache.collections);
  const [making, setMaking] = useState(false);
  return (
    <nav className="tabs" aria-label={t.documents.collections}>
      <Tab id="" name={t.documents.all} n={all} current={current} />
      {collections.map((c) => (
        <Tab key={c.id} id={c.id} name={c.name} n={c.documents} folder={c.folder} current={current} />
      ))}
      <button type="button" className="tab tab-new" onClick={() => setMaking(true)}>
        <Plus aria-hidden="true" />
        {t.documents.newCollection}
      </button>
      <CollectionDialog open={making} onClose={() => setMaking(false)} />
    </nav>
  );
}

function Tab({ id, name, n, folder = "", current }: { id: string; name: string; n: number; folder?: string; current: string }) {
  return (
    <a className="tab" href={href({ page: "documents", collection: id })} aria-current={current === id ? "page" : undefined} title={folder ? t.documents.watching(folder) : undefined}>
      {folder && <FolderSync aria-hidden="true" />}
      <span className="tab-name">{name}</span>
      <small>
        {count(n)}
        <span className="unseen">{t.documents.ofThem(n)}</span>
      </small>
    </a>
  );
}

/** What belongs to the collection that is shown. */
export function CollectionHead({ collection: c }: { collection: api.Collection }) {
  const [renaming, setRenaming] = useState(false);
  const [deleting, setDeleting] = useState(false);
  return (
    <div className="collection-head">
      {c.folder && (
        <p className="row-facts">
          <FolderSync aria-hidden="true" />
          <span>{t.documents.watching(c.folder)}</span>
        </p>
      )}
      <DropdownMenu.Root modal={false}>
        <DropdownMenu.Trigger className="icon-button" aria-label={t.documents.moreCollection(c.name)}>
          <Ellipsis />
        </DropdownMenu.Trigger>
        <DropdownMenu.Portal>
          <DropdownMenu.Content className="menu" align="end" sideOffset={4} collisionPadding={8}>
            <DropdownMenu.Item className="menu-item" onSelect={() => askAbout([], [c.id])}>
              {t.documents.askCollection}
            </DropdownMenu.Item>
            <DropdownMenu.Item className="menu-item" onSelect={() => setRenaming(true)}>
              {t.documents.renameCollection}
            </DropdownMenu.Item>
            <DropdownMenu.Separator className="menu-line" />
            <DropdownMenu.Item className="menu-item menu-item-danger" onSelect={() => setDeleting(true)}>
              {t.documents.deleteCollection}
            </DropdownMenu.Item>
          </DropdownMenu.Content>
        </DropdownMenu.Portal>
      </DropdownMenu.Root>
      {renaming && <CollectionDialog open collection={c} onClose={() => setRenaming(false)} />}
      <Confirm open={deleting} title={t.documents.deleteTitle(c.name)} text={t.documents.deleteText} action={t.documents.deleteAction} onClose={() => setDeleting(false)} onConfirm={() => void deleteCollection(c.id)} />
    </div>
  );
}

const lastPart = (path: string): string => path.replace(/[\\/]+$/, "").split(/[\\/]/).at(-1) ?? "";

/** Makes a collection, or gives one another name. */
function CollectionDialog({ open, collection, onClose }: { open: boolean; collection?: api.Collection; onClose: () => void }) {
  return (
    <Dialog.Root open={open} onOpenChange={(o) => !o && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className="veil" />
        <Dialog.Content className="dialog" aria-describedby={undefined}>
          <Dialog.Title className="dialog-title">{collection ? t.documents.renameCollection : t.documents.newCollection}</Dialog.Title>
          <CollectionForm collection={collection} onClose={onClose} />
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function CollectionForm({ collection, onClose }: { collection?: api.Collection; onClose: () => void }) {
  const desktop = useCache((cache) => cache.about.face === "desktop");
  const [name, setName] = useState(collection?.name ?? "");
  const [folder, setFolder] = useState("");
  const [busy, setBusy] = useState(false);
  const id = useId();
  const called = name.trim() || lastPart(folder.trim());
  const submit = async (e: FormEvent) => {
    e.preventDefault();
    if (called === "") return;
    setBusy(true);
    const done = await (collection ? renameCollection(collection.id, called) : createCollection(called, folder.trim()));
    setBusy(false);
    if (done) onClose();
  };
  const choose = () =>
    void attempt(t.documents.failedTo, async () => {
      const path = await api.chooseFolder(t.documents.watchLabel);
      if (path) setFolder(path);
    });
  return (
    <form className="collection-form" onSubmit={(e) => void submit(e)}>
      <div className="field">
        <label className="field-label" htmlFor={`${id}-name`}>
          {t.documents.newName}
        </label>
        <input id={`${id}-name`} className="input" type="text" autoComplete="off" maxLength={200} placeholder={lastPart(folder.trim())} value={name} onChange={(e) => setName(e.target.value)} />
      </div>
      {!collection && (
        <div className="field">
          <label className="field-label" htmlFor={`${id}-folder`}>
            {t.documents.watchFolder}
          </label>
          <div className="import-line">
            <input
              id={`${id}-folder`}
              className="input"
              type="text"
              autoComplete="off"
              spellCheck={false}
              placeholder={t.documents.watchPlaceholder}
              aria-describedby={`${id}-hint`}
              value={folder}
              onChange={(e) => setFolder(e.target.value)}
            />
            {desktop && <Button onClick={choose}>{t.documents.chooseFolder}</Button>}
          </div>
          <p className="field-hint" id={`${id}-hint`}>
            {t.documents.watchHint}
          </p>
        </div>
      )}
      <div className="dialog-actions">
        <Button onClick={onClose}>{t.common.cancel}</Button>
        <Button kind="primary" type="submit" disabled={busy || called === ""}>
          {collection ? t.common.save : t.documents.create}
        </Button>
      </div>
    </form>
  );
}
