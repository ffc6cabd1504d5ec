// What comparing lays over the page, loaded when it is first needed.
import { lazy, Suspense } from "react";
import { useCompares } from "./actions";

const ChooseWays = lazy(() => import("./ChooseWays"));
const Differences = lazy(() => import("./Differences"));

export function CompareOverlays() {
  const choosing = useCompares((c) => c.choosing);
  const comparing = useCompares((c) => c.comparing);
  return (
    <Suspense fallback={null}>
      {choosing && <ChooseWays {...choosing} />}
      {comparing && <Differences comparing={comparing} />}
    </Suspense>
  );
}
