// @ts-check
/** One pack: asked for anew whenever the box says that something changed, and shown in the view that is open. */
import { html } from "../lib.js";
import { pack as askPack } from "../api.js";
import { useAnswer } from "../live.js";
import { Now } from "./now.js";
import { Cells } from "./cells.js";
import { Cell } from "./cell.js";
import { History } from "./history.js";
import { Findings } from "./findings.js";
import { Limits } from "./limits.js";
import { Telemetry } from "./telemetry.js";

/** @type {Record<string, any>} */
const VIEWS = { now: Now, cells: Cells, cell: Cell, history: History, findings: Findings, limits: Limits, telemetry: Telemetry };

/**
 * @param {object} properties
 * @param {import("../router.js").Place} properties.place
 * @param {import("../types").PackSummary[]} properties.items
 * @param {number} properties.now
 * @param {import("../types").Site} properties.site
 */
export function PackViews({ place, items, now, site }) {
  const name = String(place.pack);
  const line = items.find((item) => item.pack === name);
  const { answer, error } = useAnswer(() => askPack(name), [name, JSON.stringify(line)]);
  if (!line) return html`<p class="starting">No pack is called “${name}”. <a href="#/">All packs</a></p>`;
  if (error && !answer) return html`<p class="starting" role="alert">${error.message}</p>`;
  if (!answer || answer.summary.pack !== name) return html`<p class="starting" role="status">Reading ${name} …</p>`;
  const View = VIEWS[place.view] ?? Now;
  return html`<${View} key=${`${name}/${place.view}`} pack=${answer} now=${now} part=${place.part} site=${site} />`;
}
