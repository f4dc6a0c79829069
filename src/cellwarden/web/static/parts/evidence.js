// @ts-check
/** The evidence of a finding as a chart: the quantity in which it shows. */
import { html, useMemo } from "../lib.js";
import { series as askSeries } from "../api.js";
import { useAnswer } from "../live.js";
import { Chart } from "../chart.js";
import { QuantityChart } from "./quantity_chart.js";

/** @type {Record<string, "soc" | "capacity" | "resistance" | "self_discharge">} */
const BY_QUANTITY = {
  self_discharge: "self_discharge",
  capacity_low: "capacity",
  resistance_high: "resistance",
  connection_resistance_high: "resistance",
  soc_imbalance: "soc",
};

/** @param {{ finding: import("../types").Finding, pack: import("../types").PackView }} properties */
export function Evidence({ finding, pack }) {
  const end = finding.cleared_unix_time_second ?? pack.sample?.unix_time_second ?? finding.detected_unix_time_second;
  const length = Math.max(end - finding.first_seen_unix_time_second, 86400);
  const from = Math.floor((finding.first_seen_unix_time_second - 0.25 * length) / 60) * 60;
  const until = Math.ceil(end / 60) * 60;
  const marks = [
    { at: finding.first_seen_unix_time_second, tone: "soft", label: "first seen" },
    { at: finding.detected_unix_time_second, tone: finding.severity, label: "raised" },
  ];
  const quantity = BY_QUANTITY[finding.kind];
  if (quantity && finding.cell !== null) {
    return html`<${QuantityChart} pack=${finding.pack} cell=${finding.cell} quantity=${quantity} from=${from} until=${until} marks=${marks} />`;
  }
  return html`<${Readings} finding=${finding} pack=${pack} from=${from} until=${until} marks=${marks} />`;
}

/** Which columns show it. @param {import("../types").Finding} finding @param {import("../types").PackView} pack */
function columnsOf(finding, pack) {
  if (finding.sensor) return { names: [`temperature_${finding.sensor}_celsius`, ...pack.sensors.filter((sensor) => sensor !== finding.sensor).map((sensor) => `temperature_${sensor}_celsius`)], unit: "°C", digits: 1 };
  if (finding.cell !== null) {
    const near = [finding.cell - 1, finding.cell + 1].filter((cell) => cell >= 1 && cell <= pack.summary.cells_in_series);
    return { names: [finding.cell, ...near].map((cell) => `cell_voltage_c${cell}_volt`), unit: "V", digits: 3 };
  }
  return { names: ["current_ampere"], unit: "A", digits: 1 };
}

/** @param {string} name */
export function columnLabel(name) {
  const match = /^(cell_voltage_c|cell_soc_c|temperature_)(\w+?)_(?:volt|fraction|celsius)$/.exec(name);
  if (!match) return name === "current_ampere" ? "current" : name.replaceAll("_", " ");
  return match[1] === "temperature_" ? `sensor ${match[2]}` : `cell ${match[2]}`;
}

/**
 * @param {object} properties
 * @param {import("../types").Finding} properties.finding
 * @param {import("../types").PackView} properties.pack
 * @param {number} properties.from
 * @param {number} properties.until
 * @param {import("../chart.js").Mark[]} properties.marks
 */
function Readings({ finding, pack, from, until, marks }) {
  const { names, unit, digits } = columnsOf(finding, pack);
  const { answer, error } = useAnswer(() => askSeries(finding.pack, names, from, until, 800), [finding.key, from, until]);
  const data = useMemo(() => answer && [answer.unix_time_second, ...names.map((name) => answer.columns[name].mean)], [answer]);
  if (!data) return html`<p class="waiting">${error ? error.message : "Reading …"}</p>`;
  const tones = ["first", "data", "second", "third"];
  return html`<figure><figcaption><h3>The readings at that time</h3></figcaption>
    <${Chart} title=${`Readings around the finding ${finding.noun}`} data=${data} unit=${unit} digits=${digits} window=${[from, until]} marks=${marks}
      lines=${names.map((name, index) => ({ label: columnLabel(name), tone: tones[index % tones.length], width: index === 0 ? 2 : 1.3 }))} />
  </figure>`;
}
