// @ts-check
/** Now: the verdict, whether the load is carried tonight, the pack's numbers, its cells and its limits. */
import { html } from "../lib.js";
import { flow, number } from "../format.js";
import { address } from "../router.js";
import { CellMap } from "../parts/cell_map.js";
import { LimitRows } from "../parts/limit_rows.js";
import { ReadinessCard } from "../parts/readiness.js";
import { Verdict } from "../parts/verdict.js";

/** @param {{ pack: import("../types").PackView }} properties */
export function Now({ pack }) {
  return html`<div class="now">
    <${Verdict} pack=${pack} />
    <${ReadinessCard} pack=${pack} />
    <${Numbers} pack=${pack} />
    <section class="card" aria-labelledby="cells-now">
      <h2 id="cells-now">Cells <a class="more" href=${address(pack.summary.pack, "cells")}>compare them</a></h2>
      <${CellMap} pack=${pack} quantity="voltage" isSmall=${true} />
    </section>
    <section class="card" aria-labelledby="limits-now">
      <h2 id="limits-now">Limits now <a class="more" href=${address(pack.summary.pack, "limits")}>why</a></h2>
      <${LimitRows} pack=${pack} />
    </section>
  </div>`;
}

/** @param {{ pack: import("../types").PackView }} properties */
function Numbers({ pack }) {
  const { sample, summary } = pack;
  const cells = (sample?.cell_voltage_volt ?? []).filter((value) => value !== null).map(Number);
  const warm = (sample?.temperature_celsius ?? []).filter((value) => value !== null).map(Number);
  const spread = cells.length ? (Math.max(...cells) - Math.min(...cells)) * 1000 : null;
  const power = sample?.voltage_volt != null && sample.current_ampere !== null ? sample.voltage_volt * sample.current_ampere : null;
  return html`<section class="card numbers" aria-label="The pack's numbers">
    <dl>
      <div><dt>Charge</dt><dd>${summary.soc_median_fraction === null ? "–" : number(100 * summary.soc_median_fraction)}<small>%</small></dd><dd class="sub">lowest cell ${summary.soc_minimum_fraction === null ? "–" : number(100 * summary.soc_minimum_fraction)} %</dd></div>
      <div><dt>Current</dt><dd>${number(sample?.current_ampere, 1)}<small>A</small></dd><dd class="sub">${sample?.current_ampere == null ? "not measured" : flow(sample.current_ampere)}</dd></div>
      <div><dt>Voltage</dt><dd>${number(sample?.voltage_volt, 2)}<small>V</small></dd><dd class="sub">${power === null ? "" : `${number(power, 0)} W`}</dd></div>
      <div><dt>Spread of cells</dt><dd>${number(spread, 0)}<small>mV</small></dd><dd class="sub">${cells.length ? `${number(Math.min(...cells), 3)} to ${number(Math.max(...cells), 3)} V` : ""}</dd></div>
      <div><dt>Temperature</dt><dd>${warm.length ? number(Math.max(...warm), 1) : "–"}<small>°C</small></dd><dd class="sub">${warm.length ? `coldest ${number(Math.min(...warm), 1)} °C` : "not measured"}</dd></div>
    </dl>
  </section>`;
}
