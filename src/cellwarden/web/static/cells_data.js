// @ts-check
/** What is known of every cell of a pack now, from the newest sample and the state document. */
import { median } from "./format.js";

/**
 * @typedef {object} CellValue
 * @property {number} cell
 * @property {number | null} value
 * @property {number | null} low
 * @property {number | null} high
 * @property {number | null | undefined} informed last moment that informed it; undefined where it is not tracked
 */

/** @typedef {"voltage" | "soc" | "capacity" | "resistance" | "self_discharge" | "temperature"} QuantityKey */

/** @type {Record<string, [string, string]>} */
const FIELDS = {
  soc: ["soc", "fraction"],
  capacity: ["capacity", "ah"],
  resistance: ["resistance", "ohm"],
  self_discharge: ["self_discharge", "ampere"],
};

/** @param {import("./types").PackView} pack @returns {Record<string, number[]>} sensor → cells that it touches */
export function sensorCells(pack) {
  const named = pack.description?.sensors?.temperature_cells ?? {};
  return Object.fromEntries(pack.sensors.map((sensor) => [sensor, named[sensor] ?? []]));
}

/** @param {import("./types").PackView} pack @param {number} cell */
export function sensorsOf(pack, cell) {
  const touched = sensorCells(pack);
  return pack.sensors.filter((sensor) => touched[sensor].includes(cell));
}

/** @param {import("./types").PackView} pack @param {number} cell */
function temperatureOf(pack, cell) {
  const known = sensorsOf(pack, cell)
    .map((sensor) => pack.sample?.temperature_celsius[pack.sensors.indexOf(sensor)] ?? null)
    .filter((value) => value !== null);
  return known.length ? Math.max(...known.map(Number)) : null;
}

/**
 * @param {import("./types").PackView} pack
 * @param {QuantityKey} quantity
 * @returns {CellValue[]}
 */
export function cellValues(pack, quantity) {
  const count = pack.summary.cells_in_series;
  return Array.from({ length: count }, (_, index) => {
    const cell = index + 1;
    if (quantity === "voltage") {
      return { cell, value: pack.sample?.cell_voltage_volt[index] ?? null, low: null, high: null, informed: undefined };
    }
    if (quantity === "temperature") {
      return { cell, value: temperatureOf(pack, cell), low: null, high: null, informed: undefined };
    }
    const [stem, unit] = FIELDS[quantity];
    const entry = pack.document?.cells?.[index] ?? {};
    return {
      cell,
      value: entry[`${stem}_${unit}`] ?? null,
      low: entry[`${stem}_low_${unit}`] ?? null,
      high: entry[`${stem}_high_${unit}`] ?? null,
      informed: entry[`${stem}_informed_unix_time_second`],
    };
  });
}

/** Median of the cells, and how far the farthest stands from it. @param {CellValue[]} values @param {number} floor */
export function spreadOf(values, floor) {
  const middle = median(values.map((item) => item.value));
  if (middle === null) return { middle: null, farthest: floor };
  const known = values.filter((item) => item.value !== null);
  return { middle, farthest: Math.max(floor, ...known.map((item) => Math.abs(Number(item.value) - middle))) };
}

/** The gravest open finding of each cell. @param {import("./types").PackView} pack */
export function cellStates(pack) {
  const rank = { critical: 3, warning: 2, info: 1 };
  /** @type {Map<number, import("./types").Severity>} */
  const states = new Map();
  for (const finding of pack.findings) {
    if (finding.cell === null) continue;
    const before = states.get(finding.cell);
    if (!before || rank[finding.severity] > rank[before]) states.set(finding.cell, finding.severity);
  }
  return states;
}
