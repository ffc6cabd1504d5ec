// Spanish.
import type { Strings } from "..";
import * as activity from "./activity";
import * as alerts from "./alerts";
import * as chat from "./chat";
import * as compare from "./compare";
import * as data from "./data";
import * as documents from "./documents";
import * as machine from "./machine";
import * as models from "./models";
import * as organise from "./organise";
import * as palette from "./palette";
import * as presets from "./presets";
import * as program from "./program";
import * as rendering from "./rendering";
import * as settings from "./settings";
import * as shell from "./shell";

export const es: Strings = {
  name: "Freehold",
  ...activity,
  ...alerts,
  ...chat,
  ...compare,
  ...data,
  ...documents,
  ...machine,
  ...models,
  ...organise,
  ...palette,
  ...presets,
  ...program,
  ...rendering,
  ...settings,
  ...shell,
};
