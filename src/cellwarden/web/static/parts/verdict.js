// @ts-check
/** The verdict in words: the worst that is open, how sure, and what to do. */
import { html } from "../lib.js";
import { date } from "../format.js";
import { address } from "../router.js";
import { STATE_WORDS, Symbol } from "../symbols.js";

/** @param {import("../types").Finding} finding */
export const since = (finding) => `since ${date(finding.first_seen_unix_time_second)}`;

/** @param {{ pack: import("../types").PackView }} properties */
export function Verdict({ pack }) {
  const { summary } = pack;
  const roots = pack.findings.filter((finding) => !finding.is_consequence);
  const worst = roots[0];
  const others = roots.slice(1, 4);
  const isAct = worst && worst.severity !== "info";
  return html`<section class=${`card verdict ${summary.state}`} aria-labelledby="verdict">
    <p class="badge"><${Symbol} state=${summary.state} size=${26} /><span>${STATE_WORDS[summary.state]}</span></p>
    <h1 id="verdict">${worst ? `${worst.sentence}, ${since(worst)}.` : summary.sentence}</h1>
    ${worst && html`<dl class="facts">
      <div><dt>What to do${isAct ? "" : ", in your own time"}</dt><dd>${worst.advice}</dd></div>
      <div><dt>How sure</dt><dd>${capital(worst.sureness)}</dd></div>
    </dl>`}
    ${!worst && html`<p class="lead">${quiet(pack)}</p>`}
    ${others.length > 0 && html`<ul class="others">${others.map((finding) => html`<li>
      <${Symbol} state=${finding.severity} size=${17} label=${STATE_WORDS[finding.severity]} />
      <a href=${address(summary.pack, "findings", finding.key)}>${finding.sentence}</a></li>`)}</ul>`}
    ${roots.length > 0 && html`<a class="more" href=${address(summary.pack, "findings")}>All findings with their evidence</a>`}
  </section>`;
}

/** @param {import("../types").PackView} pack */
function quiet(pack) {
  const untested = (pack.document?.cells ?? []).every((/** @type {any} */ cell) => cell.capacity_informed_unix_time_second == null);
  return untested
    ? "No discharge has measured the cells' capacity yet. One test discharge of 50 % or more, once or twice a year, tells it."
    : "Every quantity that the data inform is within what is normal for this pack.";
}

/** @param {string} text */
const capital = (text) => text.slice(0, 1).toUpperCase() + text.slice(1);
