// @ts-check
/** How one quantity of one cell became known: its value in its interval, and the pack's median beside it. */
import { html, useMemo } from "../lib.js";
import { history as askHistory } from "../api.js";
import { QUANTITIES } from "../format.js";
import { useAnswer } from "../live.js";
import { Chart } from "../chart.js";

/** @typedef {"soc" | "capacity" | "resistance" | "self_discharge" | "voltage_offset"} ChartedKey */

/** @type {Record<ChartedKey, string>} */
const NAMES = {
  soc: "soc_fraction",
  capacity: "capacity_ah",
  resistance: "resistance_ohm",
  self_discharge: "self_discharge_ampere",
  voltage_offset: "voltage_offset_volt",
};

/**
 * @param {object} properties
 * @param {string} properties.pack
 * @param {number} properties.cell
 * @param {ChartedKey} properties.quantity
 * @param {number} properties.from
 * @param {number} properties.until
 * @param {import("../chart.js").Mark[]} [properties.marks]
 */
export function QuantityChart({ pack, cell, quantity, from, until, marks }) {
  const shown = QUANTITIES[quantity];
  const { answer, error } = useAnswer(
    () => askHistory(pack, cell, NAMES[quantity], from, until),
    [pack, cell, quantity, from, until],
  );
  const data = useMemo(() => {
    if (!answer) return null;
    const scaled = (/** @type {(number | null)[]} */ values) => values.map((value) => (value === null ? null : value * shown.scale));
    return [answer.unix_time_second, scaled(answer.high), scaled(answer.low), scaled(answer.median), scaled(answer.value)];
  }, [answer, shown.scale]);
  return html`<figure><figcaption><h3>${shown.name} of cell ${cell}</h3>${data && data[0].length > 1 && html`<p class="sub">shaded: its 95 % interval</p>`}</figcaption>
    ${!data
      ? html`<p class="waiting">${error ? error.message : "Reading …"}</p>`
      : data[0].length < 2
        ? html`<p class="waiting">No estimate is stored for this span yet; one is kept every hour.</p>`
        : html`<${Chart} title=${`${shown.name} of cell ${cell} with its 95 % interval`} data=${data} unit=${shown.unit} digits=${shown.digits}
            lines=${[{ label: "95 % interval, high", tone: "band", isBand: true }, { label: "95 % interval, low", tone: "band", isBand: true }, { label: "median of the pack", tone: "median", dash: [5, 4] }, { label: `cell ${cell}`, tone: "data", width: 2 }]}
            bands=${[[1, 2, "band"]]} window=${[from, until]} marks=${marks} />`}
  </figure>`;
}
