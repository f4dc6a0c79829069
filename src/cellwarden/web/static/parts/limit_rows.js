// @ts-check
/** The three limits in force, each with its size against the manufacturer's and the reason that binds it. */
import { html } from "../lib.js";
import { number } from "../format.js";
import { address } from "../router.js";

/** @type {Record<import("../types").LimitKind, { name: string, unit: string, digits: number }>} */
export const LIMITS = {
  charge_current_ampere: { name: "Charge current", unit: "A", digits: 1 },
  discharge_current_ampere: { name: "Discharge current", unit: "A", digits: 1 },
  charge_voltage_volt: { name: "Charge voltage", unit: "V", digits: 2 },
};

/** What the manufacturer allows. @param {import("../types").PackView} pack @param {import("../types").LimitKind} kind */
function ceiling(pack, kind) {
  const terms = pack.decision?.terms.filter((term) => term.kind === kind && term.rule === "manufacturer") ?? [];
  return terms[0]?.value ?? pack.decision?.[kind] ?? 0;
}

/** @param {{ pack: import("../types").PackView }} properties */
export function LimitRows({ pack }) {
  const { decision } = pack;
  if (!decision) return html`<p class="lead">No limits have been worked out yet: they come with the first samples.</p>`;
  return html`<ul class="limits">
    ${decision.binding.map((term) => {
      const { name, unit, digits } = LIMITS[term.kind];
      const value = decision[term.kind];
      const full = ceiling(pack, term.kind);
      const share = full > 0 ? Math.min(100, (100 * value) / full) : 0;
      return html`<li class=${share < 99.5 ? "bound" : ""}>
        <span class="name">${name}</span>
        <span class="value">${number(value, digits)}<small>${unit}</small></span>
        <span class="gauge" aria-hidden="true"><i style=${{ width: `${share}%` }}></i></span>
        <span class="reason">${term.reason}${term.cell !== null ? html` <a href=${address(pack.summary.pack, "cell", term.cell)}>Cell\u00a0${term.cell}</a>` : ""}</span>
      </li>`;
    })}
  </ul>`;
}
