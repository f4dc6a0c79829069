// @ts-check
/** Requests to the interface of the box that served this page. */

/** A refusal of the interface, in words for people. */
export class Refusal extends Error {
  /** @param {number} status @param {string} message */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** @param {string} path @param {RequestInit} [options] @returns {Promise<any>} */
async function ask(path, options) {
  /** @type {Response | undefined} */
  let answer;
  let body = null;
  try {
    // past the browser's cache: after a question that was given up it would hold the same question back for 20 s
    answer = await fetch(path, { cache: "no-store", ...options });
    if (answer.status === 204) return null;
    body = await answer.json();
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    // a proxy's refusal is no JSON: its status tells enough
    if (!(cause instanceof SyntaxError) || !answer || answer.ok) throw new Refusal(0, "The box does not answer.");
  }
  if (!answer.ok) throw new Refusal(answer.status, body?.error?.message ?? `The box answers ${answer.status}.`);
  return body;
}

/** @param {Record<string, string | number | boolean>} values */
const query = (values) =>
  new URLSearchParams(Object.entries(values).map(([key, value]) => [key, String(value)])).toString();

/** @param {string} pack */
const packPath = (pack) => `/api/v1/packs/${encodeURIComponent(pack)}`;

/** @returns {Promise<import("./types").Site>} */
export const site = () => ask("/api/v1/site");

/** @returns {Promise<{ items: import("./types").PackSummary[], total: number }>} */
export const packs = () => ask("/api/v1/packs?limit=500");

/** @param {string} pack @returns {Promise<import("./types").PackView>} */
export const pack = (pack) => ask(packPath(pack));

/**
 * @param {string} pack @param {string[]} columns @param {number} from @param {number} until @param {number} points
 * @param {AbortSignal} [signal] @returns {Promise<import("./types").Series>}
 */
export const series = (pack, columns, from, until, points, signal) =>
  ask(
    `${packPath(pack)}/series?${query({
      columns: columns.join(","),
      from_unix_time_second: from,
      until_unix_time_second: until,
      points,
    })}`,
    { signal },
  );

/**
 * @param {string} pack @param {number} cell @param {string} quantity @param {number} from @param {number} until
 * @returns {Promise<import("./types").QuantityHistory>}
 */
export const history = (pack, cell, quantity, from, until) =>
  ask(
    `${packPath(pack)}/cells/${cell}/history?${query({
      quantity,
      from_unix_time_second: from,
      until_unix_time_second: until,
    })}`,
  );

/** @param {string} pack @param {boolean} openOnly @returns {Promise<{ items: import("./types").Finding[], total: number }>} */
export const findings = (pack, openOnly) => ask(`/api/v1/findings?${query({ pack, open_only: openOnly, limit: 500 })}`);

/** @param {string} key @param {string} note @returns {Promise<import("./types").Finding>} */
export const acknowledge = (key, note) =>
  ask(`/api/v1/findings/${encodeURIComponent(key)}/acknowledgements`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ note }),
  });

/** @param {string} pack @param {number} from @param {number} until @returns {Promise<{ items: import("./types").Decision[], total: number }>} */
export const decisions = (pack, from, until) =>
  ask(`${packPath(pack)}/decisions?${query({ from_unix_time_second: from, until_unix_time_second: until })}`);

/** @param {string} pack @returns {Promise<{ sources: import("./types").Source[] }>} */
export const telemetry = (pack) => ask(`${packPath(pack)}/telemetry`);

/** @param {string} pack @param {number} from @param {number} until @param {"csv" | "parquet"} format */
export const exportAddress = (pack, from, until, format) =>
  `${packPath(pack)}/export?${query({ from_unix_time_second: from, until_unix_time_second: until, format })}`;

/** @param {string} name @param {string} password */
export const signIn = (name, password) =>
  ask("/api/v1/session", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ name, password }),
  });

export const signOut = () => ask("/api/v1/session", { method: "DELETE", headers: { "Content-Type": "application/json" } });
