// @ts-check
/** History: any columns against each other over any span, with findings as marks; zoomed and moved at will. */
import { html, useEffect, useMemo, useRef, useState } from "../lib.js";
import { exportAddress, findings as askFindings, series as askSeries } from "../api.js";
import { dateTime, span } from "../format.js";
import { useAnswer } from "../live.js";
import { Chart } from "../chart.js";
import { withGaps } from "../series_data.js";
import { columnLabel } from "../parts/evidence.js";

const TONES = ["first", "data", "second", "third", "median", "warning", "healthy", "info"];
const GROUPS = {
  voltage: { name: "Cell voltages", unit: "V", scale: 1, digits: 3, of: (/** @type {any} */ pack) => cells(pack, "cell_voltage", "volt") },
  soc: { name: "Charge", unit: "%", scale: 100, digits: 1, of: (/** @type {any} */ pack) => cells(pack, "cell_soc", "fraction") },
  temperature: { name: "Temperatures", unit: "°C", scale: 1, digits: 1, of: (/** @type {any} */ pack) => pack.sensors.map((/** @type {string} */ sensor) => `temperature_${sensor}_celsius`) },
  current: { name: "Current", unit: "A", scale: 1, digits: 2, of: () => ["current_ampere"] },
};
const SPANS = { "1 h": 3600, "1 day": 86400, "1 week": 604800, "1 month": 2629800, "1 year": 31557600 };
const SHORTEST = 10;

/** @param {import("../types").PackView} pack @param {string} stem @param {string} unit */
const cells = (pack, stem, unit) => Array.from({ length: pack.summary.cells_in_series }, (_, index) => `${stem}_c${index + 1}_${unit}`);

/** @param {{ pack: import("../types").PackView, now: number }} properties */
export function History({ pack, now }) {
  const [group, setGroup] = useState(/** @type {keyof typeof GROUPS} */ ("voltage"));
  const all = GROUPS[group].of(pack);
  const [chosen, setChosen] = useState(/** @type {Record<string, string[]>} */ ({}));
  const columns = chosen[group] ?? preferred(all, pack);
  const end = useRef(Math.ceil((pack.sample?.unix_time_second ?? now) / 60) * 60);
  const [window, setWindow] = useState(/** @type {[number, number]} */ ([end.current - SPANS["1 week"], end.current]));
  const move = (/** @type {number} */ from, /** @type {number} */ until) => {
    const length = Math.max(SHORTEST, Math.min(until - from, 20 * SPANS["1 year"]));
    const middle = (from + until) / 2;
    setWindow([Math.max(0, middle - length / 2), Math.max(length, middle + length / 2)]);
  };
  const toggle = (/** @type {string} */ name) =>
    setChosen({ ...chosen, [group]: columns.includes(name) ? columns.filter((item) => item !== name) : [...columns, name].slice(-8) });
  return html`<section aria-labelledby="history">
    <h1 id="history">History</h1>
    <div class="toolbar">
      <div class="segments" role="group" aria-label="Quantity">
        ${Object.entries(GROUPS).map(([key, value]) => html`<button aria-pressed=${key === group} onClick=${() => setGroup(/** @type {keyof typeof GROUPS} */ (key))}>${value.name}</button>`)}
      </div>
      <div class="segments" role="group" aria-label="Span">
        ${Object.entries(SPANS).map(([name, second]) => html`<button aria-pressed=${Math.abs(window[1] - window[0] - second) < 1} onClick=${() => setWindow([end.current - second, end.current])}>${name}</button>`)}
      </div>
      <div class="segments" role="group" aria-label="Move">
        <button aria-label="Back in time" onClick=${() => move(window[0] - (window[1] - window[0]) / 2, window[1] - (window[1] - window[0]) / 2)}>←</button>
        <button aria-label="Zoom in" onClick=${() => move(window[0] + (window[1] - window[0]) / 4, window[1] - (window[1] - window[0]) / 4)}>+</button>
        <button aria-label="Zoom out" onClick=${() => move(window[0] - (window[1] - window[0]) / 2, window[1] + (window[1] - window[0]) / 2)}>−</button>
        <button aria-label="Forward in time" onClick=${() => move(window[0] + (window[1] - window[0]) / 2, window[1] + (window[1] - window[0]) / 2)}>→</button>
      </div>
    </div>
    <${Plot} pack=${pack} columns=${columns} isNone=${all.length === 0} group=${GROUPS[group]} window=${window} onWindow=${move} />
    ${all.length > 1 && html`<fieldset class="columns"><legend>Shown, eight at most</legend>
      ${all.map((/** @type {string} */ name) => html`<label class=${columns.includes(name) ? "on" : ""}><input type="checkbox" checked=${columns.includes(name)} onChange=${() => toggle(name)} />${columnLabel(name)}</label>`)}
    </fieldset>`}
    <p class="lead">${dateTime(window[0])} to ${dateTime(window[1])}, ${span(window[1] - window[0])}. Drag over the chart to zoom; fingers, the keys + − ← →, and the wheel with Ctrl move it too.</p>
    <p class="actions">
      <a class="button" href=${exportAddress(pack.summary.pack, window[0], window[1], "csv")} download>Save as CSV</a>
      <a class="button" href=${exportAddress(pack.summary.pack, window[0], window[1], "parquet")} download>Save as Parquet</a>
    </p>
  </section>`;
}

/** The worst cell first, and some neighbours to compare it with. @param {string[]} all @param {import("../types").PackView} pack */
function preferred(all, pack) {
  const worst = pack.summary.worst_cell;
  if (worst === null || all.length < 3 || !all[0].includes("_c1_")) return all.slice(0, 4);
  const near = [worst, worst - 1, worst + 1, worst - 2, worst + 2].filter((cell) => cell >= 1 && cell <= all.length);
  return near.slice(0, 3).map((cell) => all[cell - 1]);
}

/**
 * @param {object} properties
 * @param {import("../types").PackView} properties.pack
 * @param {string[]} properties.columns
 * @param {boolean} properties.isNone there is nothing to choose from
 * @param {{ unit: string, scale: number, digits: number, name: string }} properties.group
 * @param {[number, number]} properties.window
 * @param {(from: number, until: number) => void} properties.onWindow
 */
function Plot({ pack, columns, isNone, group, window, onWindow }) {
  const [answer, setAnswer] = useState(/** @type {import("../types").Series | null} */ (null));
  const [error, setError] = useState("");
  const found = useAnswer(() => askFindings(pack.summary.pack, false), [pack.summary.pack, pack.findings.length]).answer;
  useEffect(() => {
    const stop = new AbortController();
    if (columns.length === 0) return undefined;
    askSeries(pack.summary.pack, columns, window[0], window[1], 1200, stop.signal).then(
      (next) => {
        setAnswer(next);
        setError("");
      },
      (cause) => cause.name !== "AbortError" && setError(cause.message),
    );
    return () => stop.abort();
  }, [pack.summary.pack, columns.join(","), window[0], window[1]]);
  const names = columns.filter((name) => answer && name in answer.columns);
  const data = useMemo(
    () => answer && withGaps(answer, names.flatMap((name) => shownColumns(answer.columns[name], group.scale))),
    [answer, names.join(","), group.scale],
  );
  if (isNone) return html`<p class="waiting tall">The pack has no sensor for it.</p>`;
  if (columns.length === 0) return html`<p class="waiting tall">Choose at least one of them below.</p>`;
  if (!data || names.length === 0) return html`<p class="waiting tall">${error || "Reading …"}</p>`;
  const told = [...(found?.items ?? [])].sort((one, other) => one.detected_unix_time_second - other.detected_unix_time_second);
  const marks = told.map((finding) => ({ at: finding.detected_unix_time_second, tone: finding.severity, label: finding.sentence }));
  const lines = names.flatMap((name, index) => [
    { label: `${columnLabel(name)} high`, tone: TONES[index], isBand: true },
    { label: `${columnLabel(name)} low`, tone: TONES[index], isBand: true },
    { label: columnLabel(name), tone: TONES[index], width: index === 0 ? 2 : 1.4 },
  ]);
  const bands = names.map((_, index) => [3 * index + 1, 3 * index + 2, `${TONES[index]}-wash`]);
  return html`<div class="plot">
    <div role="status">
      ${error && html`<p class="error" role="alert">${error}</p>`}
      ${answer && !hasValues(answer) && html`<p class="notice">No such readings in this span.</p>`}
    </div>
    <${Chart} title=${`${group.name} of ${pack.summary.pack}`} data=${data} lines=${lines} bands=${bands} unit=${group.unit} digits=${group.digits}
      height=${380} marks=${marks} window=${window} onWindow=${onWindow} />
    ${marks.length > 0 && html`<ul class="marks">${told.filter((finding) => finding.detected_unix_time_second >= window[0] && finding.detected_unix_time_second <= window[1]).slice(0, 6).map((finding) => html`<li class=${finding.severity}><i></i>${dateTime(finding.detected_unix_time_second)}: ${finding.sentence}</li>`)}</ul>`}
  </div>`;
}

/** Highest, lowest and mean of each bucket in the unit that is shown. @param {import("../types").BucketColumn} column @param {number} scale */
const shownColumns = (column, scale) =>
  [column.maximum, column.minimum, column.mean].map((values) => values.map((value) => (value === null ? null : value * scale)));

/** @param {import("../types").Series} answer */
const hasValues = (answer) => Object.values(answer.columns).some((column) => column.mean.some((value) => value !== null));
