// @ts-check
/** A map of the cells: each against its neighbours, told by place of a bar and a sign as well as by colour. */
import { html } from "../lib.js";
import { number, QUANTITIES } from "../format.js";
import { address } from "../router.js";
import { cellStates, cellValues, spreadOf } from "../cells_data.js";
import { STATE_WORDS, Symbol } from "../symbols.js";

/** Spread below which cells count as alike, so that noise does not fill the scale. */
const ALIKE = { voltage: 0.01, soc: 0.01, capacity: 0.5, resistance: 0.00005, self_discharge: 0.001, temperature: 1 };

/**
 * @param {object} properties
 * @param {import("../types").PackView} properties.pack
 * @param {import("../cells_data.js").QuantityKey} properties.quantity
 * @param {boolean} [properties.isSmall]
 */
export function CellMap({ pack, quantity, isSmall = false }) {
  const values = cellValues(pack, quantity);
  const states = cellStates(pack);
  const { middle, farthest } = spreadOf(values, ALIKE[quantity]);
  const size = values.length > 64 ? "tiny" : isSmall ? "small" : "full";
  return html`<ol class=${`cells ${size}`} style=${{ "--columns": values.length <= 8 ? values.length : 8 }}>
    ${values.map((item) => html`<${Tile} key=${item.cell} item=${item} pack=${pack.summary.pack} quantity=${quantity}
      middle=${middle} farthest=${farthest} state=${states.get(item.cell) ?? null} />`)}
  </ol>`;
}

/**
 * @param {object} properties
 * @param {import("../cells_data.js").CellValue} properties.item
 * @param {string} properties.pack
 * @param {import("../cells_data.js").QuantityKey} properties.quantity
 * @param {number | null} properties.middle
 * @param {number} properties.farthest
 * @param {import("../types").Severity | null} properties.state
 */
function Tile({ item, pack, quantity, middle, farthest, state }) {
  const shown = QUANTITIES[quantity];
  const apart = item.value === null || middle === null ? 0 : (item.value - middle) / farthest;
  const isPrior = item.informed === null;
  const value = item.value === null ? "–" : number(item.value * shown.scale, shown.digits);
  const difference = item.value === null || middle === null ? "" : signed((item.value - middle) * shown.spreadScale, shown.spreadDigits);
  const level = Math.round(Math.min(1, Math.abs(apart)) * 4);
  const label = `Cell ${item.cell}: ${value} ${shown.unit}${difference && `, ${difference} ${shown.spread} against the median`}${isPrior ? ", assumed" : ""}${state ? `; ${STATE_WORDS[state]}` : ""}`;
  return html`<li>
    <a class=${`tile ${state ?? ""} ${apart < 0 ? "below" : "above"} level${level} ${isPrior ? "prior" : ""}`}
      href=${address(pack, "cell", item.cell)} aria-label=${label}>
      <span class="who"><b>${item.cell}</b>${state && html`<${Symbol} state=${state} size=${17} />`}</span>
      <span class="value">${value}<small>${shown.unit}</small></span>
      <${Needle} apart=${apart} isKnown=${item.value !== null} low=${edge(item.low, middle, farthest)} high=${edge(item.high, middle, farthest)} />
      <span class="difference">${isPrior ? "assumed" : html`${difference}<small>${difference && shown.spread}</small>`}</span>
    </a></li>`;
}

/** @param {number | null} value @param {number | null} middle @param {number} farthest */
const edge = (value, middle, farthest) => (value === null || middle === null ? null : (value - middle) / farthest);

/** Where a cell stands between its neighbours. @param {{ apart: number, isKnown: boolean, low: number | null, high: number | null }} properties */
function Needle({ apart, isKnown, low, high }) {
  const x = (/** @type {number} */ at) => 50 + 44 * Math.max(-1.1, Math.min(1.1, at));
  return html`<svg class="needle" viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true">
    <line class="rail" x1="4" x2="96" y1="6" y2="6" /><line class="middle" x1="50" x2="50" y1="1" y2="11" />
    ${isKnown && low !== null && high !== null && html`<line class="interval" x1=${x(low)} x2=${x(high)} y1="6" y2="6" />`}
    ${isKnown && html`<rect class="dot" x=${x(apart) - 2.5} y="1.5" width="5" height="9" rx="2" />`}
  </svg>`;
}

/** @param {number} value @param {number} digits */
function signed(value, digits) {
  const text = number(Math.abs(value), digits);
  if (Number(Math.abs(value).toFixed(digits)) === 0) return "±0";
  return value > 0 ? `+${text}` : `\u2212${text}`;
}
