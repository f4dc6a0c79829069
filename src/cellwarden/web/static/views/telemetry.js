// @ts-check
/** Telemetry: how each source fares, and where samples are missing. */
import { html, useMemo } from "../lib.js";
import { series as askSeries, telemetry as askTelemetry } from "../api.js";
import { age, number, span } from "../format.js";
import { useAnswer } from "../live.js";

/** @param {{ pack: import("../types").PackView, now: number, site: import("../types").Site }} properties */
export function Telemetry({ pack, now, site }) {
  const { answer, error } = useAnswer(() => askTelemetry(pack.summary.pack), [pack.summary.pack, Math.floor(now / 10)]);
  return html`<section aria-labelledby="telemetry">
    <h1 id="telemetry">Telemetry</h1>
    <p class="lead">Where the data come from, how fast, and what was lost on the way.</p>
    ${error && html`<p class="error" role="alert">${error.message}</p>`}
    ${answer && answer.sources.length === 0 && html`<p class="lead">No source has reported yet.</p>`}
    <div class="sources">${(answer?.sources ?? []).map((source) => html`<${SourceCard} key=${source.source} source=${source} age=${(now - source.unix_time_second) / site.clock_speed} />`)}</div>
    <${Gaps} pack=${pack} now=${now} />
  </section>`;
}

/** @param {{ source: import("../types").Source, age: number }} properties */
function SourceCard({ source, age: second }) {
  const refused = Object.entries(source.refused_frames).filter(([, count]) => count > 0);
  const bus = source.bus_load_fraction;
  return html`<article class="card source" aria-label=${`Source ${source.source}`}>
    <h2>${source.source}</h2>
    <dl class="cellfacts">
      <div><dt>Samples</dt><dd>${number(source.rate_hertz, source.rate_hertz < 1 ? 2 : 1)}<small>a second</small></dd></div>
      <div><dt>From reading to disk</dt><dd>${number(1000 * source.latency_p50_second)}<small>ms</small></dd><dd class="sub">99 % within ${number(1000 * source.latency_p99_second)} ms</dd></div>
      <div><dt>Steps differ by</dt><dd>${number(1000 * source.jitter_second)}<small>ms</small></dd></div>
      <div><dt>Missing samples</dt><dd>${number(source.gaps)}</dd></div>
      <div><dt>Unreadable messages</dt><dd>${number(refused.reduce((sum, [, count]) => sum + count, 0))}</dd><dd class="sub">${refused.map(([reason, count]) => `${reason.replaceAll("_", " ")} ${count}`).join(", ")}</dd></div>
      <div><dt>Line in use</dt><dd>${bus === null ? "–" : number(100 * bus)}<small>%</small></dd>${bus !== null && html`<dd><span class=${`gauge ${bus > 0.7 ? "over" : ""}`}><i style=${{ width: `${Math.min(100, 100 * bus)}%` }}></i></span></dd>`}</div>
    </dl>
    <p class="sub">reported ${age(second)}</p>
  </article>`;
}

const DAY_SECOND = 86400;
const BUCKETS = 288;

/** The last day in pieces of five minutes, dark where samples came. @param {{ pack: import("../types").PackView, now: number }} properties */
function Gaps({ pack, now }) {
  const until = Math.ceil(now / 300) * 300;
  const { answer } = useAnswer(
    () => askSeries(pack.summary.pack, ["cell_voltage_c1_volt"], until - DAY_SECOND, until, BUCKETS),
    [pack.summary.pack, until],
  );
  const filled = useMemo(() => new Set((answer?.unix_time_second ?? []).map((at) => Math.floor((at - until + DAY_SECOND) / 300))), [answer]);
  if (!answer) return null;
  const missing = BUCKETS - filled.size;
  return html`<section class="card" aria-labelledby="gaps">
    <h2 id="gaps">The last 24 hours</h2>
    <svg class="gaps" viewBox=${`0 0 ${BUCKETS} 20`} preserveAspectRatio="none" role="img" aria-label=${`${missing} of ${BUCKETS} pieces of five minutes hold no sample`}>
      ${Array.from({ length: BUCKETS }, (_, index) => html`<rect key=${index} class=${filled.has(index) ? "there" : "gone"} x=${index} y=${filled.has(index) ? 0 : 7} width="0.86" height=${filled.has(index) ? 20 : 6} />`)}
    </svg>
    <p class="legend"><span>24 h ago</span><span>${missing === 0 ? "no piece of five minutes without a sample" : `${span(missing * 300)} without samples`}</span><span>now</span></p>
  </section>`;
}
