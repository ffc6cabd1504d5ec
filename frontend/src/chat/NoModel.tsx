import { useCatalogue } from "../models/Catalogue";
import { ForThisMachine, recommended } from "../models/ForThisMachine";
import { t } from "../strings";

/** Without a model: the one to begin with, and the ways that need no network. */
export function NoModel() {
  const { entries } = useCatalogue();
  const first = recommended(entries);
  return (
    <>
      {first && <ForThisMachine entry={first} />}
      <p className="greeting-line">{t.models.emptyImport}</p>
      <a className="button" href="#/models">
        {t.models.otherWays}
      </a>
    </>
  );
}
