// @ts-check
/** Limits: what is in force or would be, which cell and reason bind it, and how it changed. */
import { html, useState } from "../lib.js";
import { decisions as askDecisions } from "../api.js";
import { dateTime, number } from "../format.js";
import { useAnswer } from "../live.js";
import { LIMITS, LimitRows } from "../parts/limit_rows.js";

const FEW_CHANGES = 10;
const MOST_CHANGES = 100;

/** @type {Record<string, string>} */
const AUTHORITY = {
  monitor: "These limits are worked out, stored and shown; nothing is written to any device.",
  advise: "These limits are advice: somebody else applies them.",
  tighten: "These limits are applied, where they are below the BMS's own.",
  actuate: "These limits are applied, and the pack's allowed actions with them.",
};

/** @param {{ pack: import("../types").PackView, now: number }} properties */
export function Limits({ pack, now }) {
  const until = Math.ceil((pack.sample?.unix_time_second ?? now) / 60) * 60 + 60;
  const { answer } = useAnswer(() => askDecisions(pack.summary.pack, until - 7 * 86400, until), [pack.summary.pack, until]);
  const [isLong, setLong] = useState(false);
  const changes = answer?.items ?? [];
  return html`<section aria-labelledby="limits">
    <h1 id="limits">Limits</h1>
    <p class="lead">${AUTHORITY[pack.decision?.authority ?? "monitor"]} They never exceed the manufacturer's.</p>
    <div class="card"><${LimitRows} pack=${pack} /></div>
    ${pack.decision && html`<${Terms} decision=${pack.decision} />`}
    <h2>Changes in the last seven days</h2>
    ${answer && answer.items.length === 0 && html`<p class="lead">No change.</p>`}
    ${changes.length > 0 && html`<div class="scroll"><table>
      <thead><tr><th>When</th><th>Charge</th><th>Discharge</th><th>Voltage</th><th>What binds</th></tr></thead>
      <tbody>${changes.slice(0, isLong ? MOST_CHANGES : FEW_CHANGES).map((item) => html`<tr>
        <td>${dateTime(item.unix_time_second)}</td>
        <td class="n">${number(item.charge_current_ampere, 1)} A</td>
        <td class="n">${number(item.discharge_current_ampere, 1)} A</td>
        <td class="n">${number(item.charge_voltage_volt, 2)} V</td>
        <td>${item.binding[0].reason}</td></tr>`)}</tbody>
    </table></div>`}
    ${!isLong && changes.length > FEW_CHANGES && html`<p><button type="button" onClick=${() => setLong(true)}>Show ${Math.min(changes.length, MOST_CHANGES) - FEW_CHANGES} earlier ones</button></p>`}
  </section>`;
}

/** Every bound that was weighed. @param {{ decision: import("../types").Decision }} properties */
const Terms = ({ decision }) => html`<h2>Every bound, the tightest first</h2>
  <div class="scroll"><table>
    <thead><tr><th>Limit</th><th>Bound</th><th class="wide">Rule</th><th>Reason</th></tr></thead>
    <tbody>${decision.terms.map((term) => html`<tr>
      <td>${LIMITS[term.kind].name}</td>
      <td class="n">${number(term.value, LIMITS[term.kind].digits)} ${LIMITS[term.kind].unit}</td>
      <td class="wide">${term.rule.replaceAll("_", " ")}</td><td>${term.reason}</td></tr>`)}</tbody>
  </table></div>`;
