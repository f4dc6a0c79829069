// @ts-check
/** One pack: asked for anew whenever the box says that something changed, and shown in the view that is open. */
import { html } from "../lib.js";
import { pack as askPack } from "../api.js";
import { dateTime, span } from "../format.js";
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

const LATE_SECOND = 3600; // several times as long as the largest fleet waits for its next estimate
const LATE_WALL_SECOND = 10; // of a demonstration, whose clock runs faster

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
  return html`<${Behind} pack=${answer} site=${site} /><${WrongSign} pack=${answer} />
    <${View} key=${`${name}/${place.view}`} pack=${answer} now=${now} part=${place.part} site=${site} />`;
}

/** That estimates mean nothing while the current is counted the wrong way. @param {{ pack: import("../types").PackView }} properties */
const WrongSign = ({ pack }) =>
  pack.findings.some((finding) => finding.kind === "current_sign_reversed")
    ? html`<p class="notice" role="status">The current has the wrong sign: do not trust charge, capacity, resistance, leak and runtime until it is mended.</p>`
    : null;

/** That what is worked out is older than what is read: an estimate is stored every few minutes. @param {{ pack: import("../types").PackView, site: import("../types").Site }} properties */
function Behind({ pack, site }) {
  const newest = pack.sample?.unix_time_second ?? null;
  const worked = pack.estimates_unix_time_second;
  if (newest === null || worked === null) return null;
  const late = newest - worked;
  if (late < Math.max(LATE_SECOND, LATE_WALL_SECOND * site.clock_speed)) return null;
  return html`<p class="notice" role="status">Charge, leaks and findings are ${span(late)} older than the readings, of ${dateTime(worked)}: the box is still working through them.</p>`;
}
