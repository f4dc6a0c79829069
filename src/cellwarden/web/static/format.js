// @ts-check
/** Numbers, times and durations as a person reads them: a true minus, narrow spaces, local time, SI units. */

const NBSP = "\u00a0";

/** @param {number | null | undefined} value @param {number} [digits] */
export function number(value, digits = 0) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const text = Math.abs(value).toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const isZero = Number(Math.abs(value).toFixed(digits)) === 0;
  return (value < 0 && !isZero ? "\u2212" : "") + text.replaceAll(",", "\u202f");
}

/** @param {number | null | undefined} value @param {string} unit @param {number} [digits] */
export const quantity = (value, unit, digits = 0) => `${number(value, digits)}${NBSP}${unit}`;

/** How the quantities of a cell are shown: their name, unit, scale and digits. */
export const QUANTITIES = {
  voltage: { name: "Voltage", unit: "V", scale: 1, digits: 3, spread: "mV", spreadScale: 1000, spreadDigits: 0 },
  soc: { name: "Charge", unit: "%", scale: 100, digits: 1, spread: "%", spreadScale: 100, spreadDigits: 1 },
  capacity: { name: "Capacity", unit: "Ah", scale: 1, digits: 1, spread: "Ah", spreadScale: 1, spreadDigits: 1 },
  resistance: { name: "Resistance", unit: "mΩ", scale: 1000, digits: 2, spread: "mΩ", spreadScale: 1000, spreadDigits: 2 },
  self_discharge: { name: "Leak", unit: "mA", scale: 1000, digits: 1, spread: "mA", spreadScale: 1000, spreadDigits: 1 },
  voltage_offset: { name: "Reading error", unit: "mV", scale: 1000, digits: 1, spread: "mV", spreadScale: 1000, spreadDigits: 1 },
  temperature: { name: "Temperature", unit: "°C", scale: 1, digits: 1, spread: "K", spreadScale: 1, spreadDigits: 1 },
};

/** @param {number} hour */
export function hours(hour) {
  if (!Number.isFinite(hour)) return "–";
  if (hour < 1) return `${Math.round(hour * 60)}${NBSP}min`;
  const whole = Math.floor(hour + 1 / 120);
  const minutes = Math.round((hour - whole) * 60);
  return minutes > 0 ? `${whole}${NBSP}h${NBSP}${minutes}${NBSP}min` : `${whole}${NBSP}h`;
}

/** @param {number | null} second */
export function age(second) {
  if (second === null || !Number.isFinite(second)) return "never";
  if (second < 10) return "now";
  if (second < 90) return `${Math.round(second)}${NBSP}s ago`;
  if (second < 5400) return `${Math.round(second / 60)}${NBSP}min ago`;
  if (second < 129600) return `${Math.round(second / 3600)}${NBSP}h ago`;
  return `${Math.round(second / 86400)}${NBSP}days ago`;
}

/** @param {number} second */
export const dateTime = (second) =>
  new Date(second * 1000).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });

/** @param {number} second */
export const date = (second) => new Date(second * 1000).toLocaleDateString(undefined, { dateStyle: "medium" });

/** @param {number} second */
export function span(second) {
  if (second < 120) return `${Math.round(second)}${NBSP}s`;
  if (second < 7200) return `${Math.round(second / 60)}${NBSP}min`;
  if (second < 172800) return `${Math.round(second / 3600)}${NBSP}h`;
  return `${Math.round(second / 86400)}${NBSP}days`;
}

/** @param {number} ampere */
export function flow(ampere) {
  if (Math.abs(ampere) < 0.2) return "resting";
  return ampere > 0 ? "charging" : "discharging";
}

/** @param {(number | null | undefined)[]} values */
export function median(values) {
  const known = values.filter((value) => typeof value === "number" && Number.isFinite(value)).sort((a, b) => Number(a) - Number(b));
  if (known.length === 0) return null;
  const middle = known.length >> 1;
  return known.length % 2 ? Number(known[middle]) : (Number(known[middle - 1]) + Number(known[middle])) / 2;
}
