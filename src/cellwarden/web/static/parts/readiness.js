// @ts-check
/** Can it carry the load tonight: an answer, the runtime with its bounds, and the cell that gives out first. */
import { html } from "../lib.js";
import { hours, number } from "../format.js";
import { address } from "../router.js";

const ANSWERS = {
  yes: "Yes",
  no: "No",
  unsure: "Not for sure",
  open: "No load is stated",
  unknown: "Not known yet",
};

/** @param {import("../types").Readiness} readiness */
function words(readiness) {
  const { answer, runtime_hour, runtime_low_hour, runtime_high_hour, needed_hour, load_watt } = readiness;
  if (answer === "open") return "The pack's description names no backup load; add [backup] to its pack.toml.";
  if (answer === "unknown" || runtime_hour === null) return "The estimates do not reach so far yet.";
  const bounds = `${hours(Number(runtime_low_hour))} to ${hours(Number(runtime_high_hour))}`;
  return html`<b>${hours(runtime_hour)}</b> at ${number(load_watt)} W (${bounds}); ${hours(Number(needed_hour))} are asked for.${readiness.is_capacity_assumed ? " The cells are taken to hold their nominal capacity: it has not been measured yet." : ""}`;
}

/** Runtime with its interval against what is asked for. @param {{ readiness: import("../types").Readiness }} properties */
export function RuntimeBar({ readiness }) {
  const { runtime_hour, runtime_low_hour, runtime_high_hour, needed_hour } = readiness;
  if (runtime_hour === null || needed_hour === null) return null;
  const longest = Math.max(Number(runtime_high_hour), needed_hour) * 1.12;
  const share = (/** @type {number | null} */ hour) => (100 * Number(hour)) / longest;
  return html`<svg class="runtime" viewBox="0 0 100 16" preserveAspectRatio="none" aria-hidden="true">
    <rect class="rail" x="0" y="5" width="100" height="6" rx="1" />
    <rect class=${`sure ${readiness.answer}`} x="0" y="5" width=${share(runtime_low_hour)} height="6" rx="1" />
    <rect class=${`maybe ${readiness.answer}`} x=${share(runtime_low_hour)} y="5" width=${share(runtime_high_hour) - share(runtime_low_hour)} height="6" />
    <rect class="needed" x=${share(needed_hour) - 0.3} y="0" width="0.6" height="16" />
  </svg>`;
}

/** @param {{ pack: import("../types").PackView }} properties */
export function ReadinessCard({ pack }) {
  const { readiness } = pack.summary;
  return html`<section class=${`card readiness ${readiness.answer}`} aria-labelledby="readiness">
    <h2 id="readiness">Can it carry the load tonight?</h2>
    <p class="answer">${ANSWERS[readiness.answer]}</p>
    <p>${words(readiness)}</p>
    <${RuntimeBar} readiness=${readiness} />
    ${readiness.runtime_hour !== null && html`<p class="legend"><span><i class=${`swatch sure ${readiness.answer}`}></i>at least</span><span><i class=${`swatch maybe ${readiness.answer}`}></i>at most</span><span><i class="swatch needed"></i>asked for</span></p>`}
    ${readiness.limiting_cell !== null && html`<p class="reason">${readiness.reason || `Cell ${readiness.limiting_cell} gives out first.`} <a href=${address(pack.summary.pack, "cell", readiness.limiting_cell)}>Look at it</a></p>`}
  </section>`;
}
