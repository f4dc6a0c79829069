// @ts-check
/** The evidence of a finding as a chart: the quantity in which it shows. */
import { html, useMemo } from "../lib.js";
import { series as askSeries } from "../api.js";
import { useAnswer } from "../live.js";
import { sensorsOf } from "../cells_data.js";
import { Chart } from "../chart.js";
import { withGaps } from "../series_data.js";
import { QuantityChart } from "./quantity_chart.js";

/** @type {Record<string, import("./quantity_chart.js").ChartedKey>} */
const BY_QUANTITY = {
  self_discharge: "self_discharge",
  capacity_low: "capacity",
  resistance_high: "resistance",
  connection_resistance_high: "resistance",
  soc_imbalance: "soc",
  voltage_sensor_offset: "voltage_offset",
};

/** Findings that show in temperatures, whatever cell they name. */
const WARM = ["cold_charge", "thermal_path_degraded", "temperature_rise_forecast"];

/** @typedef {{ names: string[], unit: string, digits: number, words: string }} Readings */

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
  return readingsOf(finding, pack).map((readings) => html`<${ReadingsChart} key=${readings.unit} finding=${finding} readings=${readings} from=${from} until=${until} marks=${marks} />`);
}

/** Which readings show it, a chart for each unit. @param {import("../types").Finding} finding @param {import("../types").PackView} pack @returns {Readings[]} */
function readingsOf(finding, pack) {
  const current = { names: ["current_ampere"], unit: "A", digits: 1, words: "The current at that time" };
  if (finding.sensor !== null || WARM.includes(finding.kind)) {
    const here = finding.sensor !== null ? [finding.sensor] : finding.cell !== null ? sensorsOf(pack, finding.cell) : [];
    const ordered = [...here, ...pack.sensors.filter((sensor) => !here.includes(sensor))].slice(0, 6);
    const warmth = { names: ordered.map((sensor) => `temperature_${sensor}_celsius`), unit: "°C", digits: 1, words: "The temperatures at that time" };
    return WARM.includes(finding.kind) ? [warmth, current].filter((item) => item.names.length > 0) : [warmth];
  }
  if (finding.cell === null) return [current];
  const other = finding.kind === "sense_wires_swapped" && finding.magnitude !== null ? [Math.round(finding.magnitude)] : [];
  const near = [finding.cell, ...other, finding.cell - 1, finding.cell + 1].filter((cell) => cell >= 1 && cell <= pack.summary.cells_in_series);
  const names = [...new Set(near)].map((cell) => `cell_voltage_c${cell}_volt`);
  return [{ names, unit: "V", digits: 3, words: "The voltages at that time" }];
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
 * @param {Readings} properties.readings
 * @param {number} properties.from
 * @param {number} properties.until
 * @param {import("../chart.js").Mark[]} properties.marks
 */
function ReadingsChart({ finding, readings, from, until, marks }) {
  const { names, unit, digits, words } = readings;
  const { answer, error } = useAnswer(() => askSeries(finding.pack, names, from, until, 800), [finding.key, from, until]);
  const data = useMemo(() => answer && withGaps(answer, names.map((name) => answer.columns[name].mean)), [answer]);
  if (!data) return html`<p class="waiting">${error ? error.message : "Reading …"}</p>`;
  if (data[0].length < 2) return html`<p class="waiting">No readings are stored for that time.</p>`;
  const tones = ["first", "data", "second", "third", "median", "healthy"];
  return html`<figure><figcaption><h3>${words}</h3></figcaption>
    <${Chart} title=${`${words}: ${finding.noun}`} data=${data} unit=${unit} digits=${digits} window=${[from, until]} marks=${marks}
      lines=${names.map((name, index) => ({ label: columnLabel(name), tone: tones[index % tones.length], width: index === 0 ? 2 : 1.3 }))} />
  </figure>`;
}
