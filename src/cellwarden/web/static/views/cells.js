// @ts-check
/** Cells: every cell against its neighbours, in the quantity that is chosen. */
import { html, useState } from "../lib.js";
import { number, QUANTITIES } from "../format.js";
import { cellValues, spreadOf } from "../cells_data.js";
import { CellMap } from "../parts/cell_map.js";

/** @type {import("../cells_data.js").QuantityKey[]} */
const KEYS = ["voltage", "soc", "capacity", "resistance", "self_discharge", "temperature"];

/** @type {Record<import("../cells_data.js").QuantityKey, string>} */
const MEANING = {
  voltage: "The newest reading. On a rested or floating pack a few millivolts are normal; under load the weak cell falls lower.",
  soc: "How full each cell is. A cell far below the others ends the discharge for all of them.",
  capacity: "What each cell holds between full and empty. The smallest one sets the pack's runtime.",
  resistance: "Resistance over 10 s at 25 °C and half charge. A high one heats up and sags under load.",
  self_discharge: "What each cell loses by itself, above the pack's middle cell. A leak that grows may be an internal short.",
  temperature: "The hottest sensor at each cell. Where no sensor touches a cell there is no value.",
};

/** @param {{ pack: import("../types").PackView }} properties */
export function Cells({ pack }) {
  const [quantity, setQuantity] = useState(/** @type {import("../cells_data.js").QuantityKey} */ ("voltage"));
  const shown = QUANTITIES[quantity];
  const values = cellValues(pack, quantity);
  const { middle } = spreadOf(values, 1e-9);
  return html`<section aria-labelledby="cells">
    <h1 id="cells">${values.length} cells by ${shown.name.toLowerCase()}</h1>
    <div class="segments" role="group" aria-label="Quantity">
      ${KEYS.map((key) => html`<button aria-pressed=${key === quantity} onClick=${() => setQuantity(key)}>${QUANTITIES[key].name}</button>`)}
    </div>
    <p class="lead">${MEANING[quantity]} Median ${middle === null ? "unknown" : `${number(middle * shown.scale, shown.digits)} ${shown.unit}`}.</p>
    <${CellMap} pack=${pack} quantity=${quantity} />
    <p class="legend"><span><i class="swatch below"></i>below the median</span><span><i class="swatch above"></i>above it</span><span>the bar stands left or right of the middle; the farthest cell sets the scale</span><span>small: difference from the median, ${shown.spread}</span></p>
    <p class="legend">Cell 1 is at the negative end. A sign in a tile's corner marks a cell with an open finding. “assumed”: nothing has measured it yet.</p>
  </section>`;
}
