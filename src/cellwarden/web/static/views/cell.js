// @ts-check
/** One cell: its numbers with intervals, its course, its findings and its sensors. */
import { html, useMemo, useState } from "../lib.js";
import { series as askSeries } from "../api.js";
import { dateTime, number, QUANTITIES } from "../format.js";
import { useAnswer } from "../live.js";
import { address } from "../router.js";
import { cellValues, sensorsOf, spreadOf } from "../cells_data.js";
import { Chart } from "../chart.js";
import { withGaps } from "../series_data.js";
import { QuantityChart } from "../parts/quantity_chart.js";
import { FindingCard } from "../parts/finding_card.js";

/** @type {import("../cells_data.js").QuantityKey[]} */
const ESTIMATED = ["soc", "capacity", "resistance", "self_discharge"];
const SPANS = { "24 hours": 86400, "7 days": 604800, "60 days": 5184000, "1 year": 31557600 };

/** @param {{ pack: import("../types").PackView, part: string | null, now: number, site: import("../types").Site }} properties */
export function Cell({ pack, part, now, site }) {
  const cell = Number(part);
  const count = pack.summary.cells_in_series;
  const [length, setLength] = useState(604800);
  if (!(Number.isInteger(cell) && cell >= 1 && cell <= count)) return html`<p class="starting">The pack has cells 1 to ${count}. <a href=${address(pack.summary.pack, "cells")}>All cells</a></p>`;
  const until = Math.ceil((pack.sample?.unix_time_second ?? now) / 60) * 60;
  const findings = pack.findings.filter((finding) => finding.cell === cell);
  const sensors = sensorsOf(pack, cell);
  return html`<section aria-labelledby="cell">
    <nav class="steps" aria-label="Neighbouring cells">
      ${cell > 1 ? html`<a href=${address(pack.summary.pack, "cell", cell - 1)}>← Cell ${cell - 1}</a>` : html`<span></span>`}
      ${cell < count && html`<a href=${address(pack.summary.pack, "cell", cell + 1)}>Cell ${cell + 1} →</a>`}
    </nav>
    <h1 id="cell">Cell ${cell} of ${count}</h1>
    <${Facts} pack=${pack} cell=${cell} />
    ${findings.map((finding) => html`<${FindingCard} key=${finding.key} finding=${finding} pack=${pack} site=${site} isShort=${true} />`)}
    <div class="segments" role="group" aria-label="Span">
      ${Object.entries(SPANS).map(([name, second]) => html`<button aria-pressed=${length === second} onClick=${() => setLength(second)}>${name}</button>`)}
    </div>
    <div class="charts">
      <${VoltageChart} pack=${pack} cell=${cell} until=${until} length=${length} />
      ${ESTIMATED.map((key) => html`<${QuantityChart} key=${key} pack=${pack.summary.pack} cell=${cell} quantity=${key} from=${until - length} until=${until} />`)}
    </div>
    <p class="lead">${sensors.length ? `Temperature sensor${sensors.length > 1 ? "s" : ""} at this cell: ${sensors.join(", ")}.` : "No temperature sensor touches this cell."}</p>
  </section>`;
}

/** @param {{ pack: import("../types").PackView, cell: number }} properties */
const Facts = ({ pack, cell }) => html`<dl class="cellfacts">
  ${["voltage", ...ESTIMATED, "temperature"].map((name) => {
    const key = /** @type {import("../cells_data.js").QuantityKey} */ (name);
    const shown = QUANTITIES[key];
    const values = cellValues(pack, key);
    const item = values[cell - 1];
    const { middle } = spreadOf(values, 1);
    const text = (/** @type {number | null} */ value) => (value === null ? "–" : number(value * shown.scale, shown.digits));
    return html`<div><dt>${shown.name}</dt><dd>${text(item.value)}<small>${shown.unit}</small></dd>
      ${item.low !== null && html`<dd class="sub">${text(item.low)} to ${text(item.high)}</dd>`}
      <dd class="sub">median ${text(middle)}</dd>
      ${item.informed !== undefined && html`<dd class="sub">${item.informed === null ? "assumed, never measured" : `measured ${dateTime(item.informed)}`}</dd>`}</div>`;
  })}
</dl>`;

/** @param {{ pack: import("../types").PackView, cell: number, until: number, length: number }} properties */
function VoltageChart({ pack, cell, until, length }) {
  const others = Array.from({ length: pack.summary.cells_in_series }, (_, index) => `cell_voltage_c${index + 1}_volt`);
  const { answer, error } = useAnswer(
    () => askSeries(pack.summary.pack, others, until - length, until, 600),
    [pack.summary.pack, until, length],
  );
  const data = useMemo(() => (answer ? voltageData(answer, others, cell) : null), [answer, cell]);
  return html`<figure><figcaption><h3>Voltage of cell ${cell} between the others</h3>${data && html`<p class="sub">shaded: from the lowest to the highest cell</p>`}</figcaption>
    ${data
      ? html`<${Chart} title=${`Voltage of cell ${cell} and the range of all cells`} data=${data} unit="V" digits=${3}
          lines=${[{ label: "highest cell", tone: "rail", isBand: true }, { label: "lowest cell", tone: "rail", isBand: true }, { label: `cell ${cell}`, tone: "first", width: 2 }]}
          bands=${[[1, 2, "band"]]} window=${[until - length, until]} />`
      : html`<p class="waiting">${error ? error.message : "Reading …"}</p>`}
  </figure>`;
}

/** @param {import("../types").Series} answer @param {string[]} names @param {number} cell */
function voltageData(answer, names, cell) {
  const rows = answer.unix_time_second.map((_, index) => names.map((name) => answer.columns[name].mean[index]).filter((value) => value !== null).map(Number));
  return withGaps(answer, [
    rows.map((row) => (row.length ? Math.max(...row) : null)),
    rows.map((row) => (row.length ? Math.min(...row) : null)),
    answer.columns[names[cell - 1]].mean,
  ]);
}
