// Models on this machine, and the ways to add one.
import { useCache } from "../transport/cache";
import { sentence } from "../ui/format";
import { Page } from "../ui/Page";
import { t } from "../strings";
import { AddModel } from "./AddModel";
import { Catalogue, useCatalogue } from "./Catalogue";
import { DiskUse } from "./DiskUse";
import { Downloads } from "./Downloads";
import { ForThisMachine, recommended } from "./ForThisMachine";
import { Installed, OtherTools } from "./Installed";
import { Section } from "./pieces";
import { active, downloadOf } from "./pull";
import { SearchHub } from "./SearchHub";

export function ModelsPage() {
  const models = useCache((cache) => cache.models);
  const hint = useCache((cache) => cache.about.hint);
  const catalogue = useCatalogue();
  const first = recommended(catalogue.entries);
  const coming = useCache((cache) => first !== undefined && active(downloadOf(cache.downloads, [first.ref, ...first.files.map((f) => f.ref)])));
  const offered = first && !coming && !models.some((m) => first.files.some((f) => f.ref === m.ref));
  return (
    <Page title={t.models.title} intro={t.models.intro}>
      {offered && <ForThisMachine entry={first} />}
      <Downloads />
      <Section id="installed-title" title={t.models.installed} text={models.length === 0 ? sentence(hint) || t.models.empty : undefined}>
        {models.length > 0 && (
          <ul className="rows">
            {models.map((m) => (
              <Installed key={m.ref} model={m} />
            ))}
          </ul>
        )}
        <OtherTools />
      </Section>
      <Catalogue {...catalogue} />
      <SearchHub />
      <AddModel />
      <DiskUse />
    </Page>
  );
}
