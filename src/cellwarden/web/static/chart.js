// @ts-check
/** Charts over time: a thin layer over uPlot, loaded when the first chart is drawn. */
import { html, useEffect, useRef } from "./lib.js";
import { movedByKey, moveByFingers, zoomByWheel } from "./chart_gestures.js";
import { number, quantity } from "./format.js";

/** @type {Promise<any> | null} */
let library = null;
const uplot = () => {
  if (!library) {
    const sheet = Object.assign(document.createElement("link"), { rel: "stylesheet", href: "/static/vendor/uplot.css" });
    document.head.append(sheet);
    // @ts-ignore  shipped without declarations
    library = import("./vendor/uplot.js").then((module) => module.default);
  }
  return library;
};

/** @param {string} name */
export const tone = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/**
 * @typedef {object} Line
 * @property {string} label
 * @property {string} tone name of a colour of the style sheet
 * @property {number} [width]
 * @property {number[]} [dash]
 * @property {boolean} [isBand] drawn as an edge of a band: no line of its own
 * @property {boolean} [isHidden] not in the legend
 */
/**
 * @typedef {object} Mark
 * @property {number} at seconds since 1970
 * @property {string} tone
 * @property {string} label
 */
/**
 * @typedef {object} ChartProperties
 * @property {string} title says what is seen; read out, not drawn
 * @property {(number[] | (number | null)[])[]} data times first, then one list a line
 * @property {Line[]} lines
 * @property {[number, number, string][]} [bands] indices of upper and lower line (from 1), and the tone
 * @property {string} unit
 * @property {number} digits
 * @property {number} [height]
 * @property {Mark[]} [marks]
 * @property {[number, number]} [window] what is shown, where it is not what the data span
 * @property {(from: number, until: number) => void} [onWindow] the reader zoomed or moved to this span
 */

/** @param {ChartProperties} properties */
export function Chart(properties) {
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const chart = useRef(/** @type {any} */ (null));
  const latest = useRef(properties);
  latest.current = properties;
  const shape = JSON.stringify([properties.lines, properties.bands, properties.unit, properties.height]);

  useEffect(() => {
    let isGone = false;
    uplot().then((UPlot) => {
      if (isGone || !place.current) return;
      chart.current = new UPlot(options(latest, place.current), latest.current.data, place.current);
      showWindow(chart.current, latest.current);
    });
    const watch = new ResizeObserver(([entry]) => {
      chart.current?.setSize({ width: Math.max(200, Math.floor(entry.contentRect.width)), height: heightOf(latest.current) });
    });
    if (place.current) watch.observe(place.current);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const repaint = () => chart.current?.redraw(false, true);
    scheme.addEventListener("change", repaint);
    return () => {
      isGone = true;
      watch.disconnect();
      scheme.removeEventListener("change", repaint);
      chart.current?.destroy();
      chart.current = null;
    };
  }, [shape]);

  useEffect(() => {
    if (!chart.current) return;
    chart.current.setData(properties.data, false);
    showWindow(chart.current, properties);
    chart.current.setLegend({ idx: null });
  }, [properties.data, properties.window?.[0], properties.window?.[1]]);

  /** @param {KeyboardEvent} event */
  const key = (event) => {
    const { window, onWindow } = properties;
    const move = window && onWindow && movedByKey(event.key, window);
    if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    onWindow(...move);
  };
  const last = summary(properties);
  return html`<div class="chart" ref=${place} role="img" tabindex=${properties.onWindow ? 0 : undefined}
    aria-label=${`${properties.title}. ${last}`} onKeyDown=${key}></div>`;
}

/** @param {ChartProperties} properties */
const heightOf = (properties) => properties.height ?? 220;

/** What a chart says, for those who do not see it. @param {ChartProperties} properties */
function summary(properties) {
  const parts = properties.lines
    .map((line, index) => {
      if (line.isBand || line.isHidden) return null;
      const values = properties.data[index + 1]?.filter((value) => value !== null) ?? [];
      return values.length ? `${line.label}: ${number(Number(values.at(-1)), properties.digits)} ${properties.unit} at the end` : null;
    })
    .filter(Boolean);
  return `${parts.slice(0, 4).join("; ")}.`;
}

/** @param {any} chart @param {ChartProperties} properties */
function showWindow(chart, properties) {
  const times = properties.data[0];
  const [min, max] = properties.window ?? [times[0] ?? 0, times.at(-1) ?? 1];
  chart.setScale("x", { min, max: Number(max) > Number(min) ? max : Number(min) + 60 });
}

/** @param {{ current: ChartProperties }} latest @param {HTMLElement} place */
function options(latest, place) {
  const { lines, bands, unit, digits } = latest.current;
  const axis = {
    stroke: () => tone("soft"),
    grid: { stroke: () => tone("line"), width: 1 },
    ticks: { stroke: () => tone("line"), width: 1, size: 4 },
    font: "12px system-ui, sans-serif",
  };
  return {
    width: Math.max(200, Math.floor(place.clientWidth)),
    height: heightOf(latest.current),
    padding: [10, 24, 0, 0],
    cursor: {
      y: false,
      drag: { x: Boolean(latest.current.onWindow), y: false, setScale: false },
      points: { size: 6 },
      bind: { dblclick: () => null },
    },
    legend: { live: true, isolate: false },
    scales: { x: { time: true }, y: { range: niceRange } },
    axes: [
      { ...axis, space: 84, values: timeLabels },
      { ...axis, values: valueLabels(unit), size: 64, space: 34 },
    ],
    series: [
      { label: "Time", value: (/** @type {any} */ _, /** @type {number | null} */ at) => (at === null ? "" : new Date(at * 1000).toLocaleString(undefined, { dateStyle: "short", timeStyle: "medium" })) },
      ...lines.map((line) => ({
        label: line.label,
        stroke: () => tone(line.tone),
        width: line.isBand ? 0 : (line.width ?? 1.6),
        dash: line.dash,
        points: { show: false },
        spanGaps: false,
        value: (/** @type {any} */ _, /** @type {number | null} */ value) => (value === null ? "–" : `${number(value, digits)} ${unit}`),
      })),
    ],
    bands: (bands ?? []).map(([upper, lower, name]) => ({ series: [upper, lower], fill: () => tone(name) })),
    hooks: {
      setSelect: [(/** @type {any} */ chart) => selected(chart, latest)],
      draw: [(/** @type {any} */ chart) => drawMarks(chart, latest.current.marks ?? [])],
      ready: [(/** @type {any} */ chart) => prepare(chart, lines, latest)],
      setLegend: [tellLast],
    },
  };
}

/**
 * Numbers beside the axis, all with as many digits as their step needs; the topmost carries the unit.
 *
 * @param {string} unit
 * @returns {(chart: any, splits: number[], axis: number, space: number, step: number) => string[]}
 */
export const valueLabels = (unit) => (_chart, splits, _axis, _space, step) => {
  const digits = Math.max(0, Math.min(6, Math.ceil(-Math.log10(step) - 1e-9)));
  return splits.map((value, index) => (index === splits.length - 1 ? quantity(value, unit, digits) : number(value, digits)));
};

/** Times under the axis: as fine as the steps between them, with the day where it changes. @param {any} _chart @param {number[]} splits @param {number} _axis @param {number} _space @param {number} step */
function timeLabels(_chart, splits, _axis, _space, step) {
  let day = "";
  return splits.map((at) => {
    const when = new Date(at * 1000);
    const today = when.toLocaleDateString(undefined, step >= 28 * 86400 ? { month: "short", year: "numeric" } : { day: "numeric", month: "short" });
    if (step >= 86400) return today;
    const clock = when.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", second: step < 60 ? "2-digit" : undefined, hourCycle: "h23" });
    const label = today === day ? clock : `${clock}\n${today}`;
    day = today;
    return label;
  });
}

/** @param {any} _chart @param {number | null} low @param {number | null} high */
function niceRange(_chart, low, high) {
  if (low === null || high === null) return [0, 1];
  const margin = Math.max((high - low) * 0.08, Math.abs(high) * 1e-4, 1e-9);
  return [low - margin, high + margin];
}

/** @param {any} chart @param {{ current: ChartProperties }} latest */
function selected(chart, latest) {
  const { left, width } = chart.select;
  if (width < 8 || !latest.current.onWindow) return;
  latest.current.onWindow(chart.posToVal(left, "x"), chart.posToVal(left + width, "x"));
  chart.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
}

/** Findings as upright lines. @param {any} chart @param {Mark[]} marks */
function drawMarks(chart, marks) {
  const { ctx, bbox } = chart;
  ctx.save();
  for (const mark of marks) {
    const x = Math.round(chart.valToPos(mark.at, "x", true));
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.strokeStyle = ctx.fillStyle = tone(mark.tone);
    ctx.lineWidth = devicePixelRatio * 1.5;
    ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.beginPath();
    ctx.arc(x, bbox.top, 4 * devicePixelRatio, 0, 2 * Math.PI);
    ctx.fill();
  }
  ctx.restore();
}

/** Edges of bands have no row in the legend; the chart follows wheel and fingers. @param {any} chart @param {Line[]} lines @param {{ current: ChartProperties }} latest */
function prepare(chart, lines, latest) {
  const rows = chart.root.querySelectorAll(".u-legend .u-series");
  lines.forEach((line, index) => {
    if (line.isBand || line.isHidden) rows[index + 1].hidden = true;
  });
  tellLast(chart);
  /** @type {import("./chart_gestures.js").Stage} */
  const stage = {
    window: () => (latest.current.onWindow ? latest.current.window ?? null : null),
    draw: (min, max) => chart.setScale("x", { min, max }),
    settle: (from, until) => latest.current.onWindow?.(from, until),
  };
  zoomByWheel(chart.over, stage);
  moveByFingers(chart.over, stage);
}

/** While nothing is pointed at, the legend tells the newest moment. @param {any} chart */
function tellLast(chart) {
  const count = chart.data[0].length;
  if (chart.legend.idx == null && count > 0) chart.setLegend({ idx: count - 1 }, false);
}
