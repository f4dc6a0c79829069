// @ts-check
/** All packs, the worst first. */
import { html, useState } from "../lib.js";
import { age, number } from "../format.js";
import { address } from "../router.js";
import { RuntimeBar } from "../parts/readiness.js";
import { STATE_WORDS, Symbol } from "../symbols.js";

/** @type {import("../types").StateKey[]} */
const ORDER = ["critical", "warning", "silent", "info", "untested", "healthy"];

/** @param {{ items: import("../types").PackSummary[] }} properties */
export function Fleet({ items }) {
  const [search, setSearch] = useState("");
  const [only, setOnly] = useState(/** @type {import("../types").StateKey | null} */ (null));
  const wanted = search.trim().toLowerCase();
  const shown = items.filter(
    (item) => (only === null || item.state === only) && (!wanted || `${item.pack} ${item.sentence}`.toLowerCase().includes(wanted)),
  );
  if (items.length === 0) return html`<p class="starting">No pack has been stored yet. The first samples make it appear.</p>`;
  return html`<section aria-labelledby="fleet">
    <h1 id="fleet">${items.length} packs</h1>
    <div class="filters" role="group" aria-label="State">
      ${ORDER.map((state) => {
        const count = items.filter((item) => item.state === state).length;
        return count > 0 && html`<button class=${`chip ${state}`} aria-pressed=${only === state} onClick=${() => setOnly(only === state ? null : state)}>
          <${Symbol} state=${state} size=${17} />${STATE_WORDS[state]} <b>${count}</b></button>`;
      })}
      <input type="search" placeholder="Find a pack" aria-label="Find a pack" value=${search} onInput=${(/** @type {any} */ event) => setSearch(event.target.value)} />
    </div>
    <ul class="fleet">
      ${shown.map((item) => html`<${Line} key=${item.pack} item=${item} />`)}
    </ul>
    ${items.some((item) => item.readiness.runtime_hour !== null) && html`<p class="legend"><span>Bars: how long each pack carries its load, the paler part as the upper bound</span><span><i class="swatch needed"></i>as long as is asked for</span></p>`}
    ${shown.length === 0 && html`<p class="lead">No pack fits.</p>`}
  </section>`;
}

/** @param {{ item: import("../types").PackSummary }} properties */
const Line = ({ item }) => html`<li class=${item.state}>
  <a href=${address(item.pack)}>
    <${Symbol} state=${item.state} size=${22} label=${STATE_WORDS[item.state]} />
    <span class="who" title=${item.pack}>${item.pack}</span>
    <span class="what">${item.sentence}${item.open_warnings > 1 ? ` ${item.open_warnings - 1} more.` : ""}</span>
    <span class="numbers">
      <span>${number(item.voltage_volt, 1)} V</span><span>${number(item.current_ampere, 1)} A</span>
      <span>${item.soc_median_fraction === null ? "–" : number(100 * item.soc_median_fraction)} %</span>
    </span>
    <span class="carry"><${RuntimeBar} readiness=${item.readiness} /></span>
    <span class="fresh">${age(item.age_second)}</span>
  </a></li>`;
