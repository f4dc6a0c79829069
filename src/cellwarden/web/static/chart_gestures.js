// @ts-check
/** Moving in a chart: the wheel with Ctrl or Shift, one finger sideways, two fingers apart or together, and keys. */

/**
 * What a gesture may do: see the window that is shown, draw another one at once, and settle on it.
 *
 * @typedef {object} Stage
 * @property {() => [number, number] | null} window what is shown, null where it cannot be moved
 * @property {(from: number, until: number) => void} draw show a span without asking for its data
 * @property {(from: number, until: number) => void} settle ask for the data of a span
 */

/** @param {string} key @param {[number, number]} window @returns {[number, number] | null} the span that a key leads to */
export function movedByKey(key, [from, until]) {
  const length = until - from;
  switch (key) {
    case "ArrowLeft":
      return [from - length / 4, until - length / 4];
    case "ArrowRight":
      return [from + length / 4, until + length / 4];
    case "+":
    case "=":
      return [from + length / 4, until - length / 4];
    case "-":
      return [from - length / 2, until + length / 2];
    default:
      return null;
  }
}

/** The wheel zooms about the pointer. @param {HTMLElement} area @param {Stage} stage */
export function zoomByWheel(area, stage) {
  area.addEventListener(
    "wheel",
    (event) => {
      const window = stage.window();
      if (!window || !(event.ctrlKey || event.shiftKey)) return;
      event.preventDefault();
      const [from, until] = window;
      const centre = from + ((until - from) * event.offsetX) / area.clientWidth;
      const factor = (event.deltaY || event.deltaX) > 0 ? 1.25 : 0.8;
      stage.settle(centre - (centre - from) * factor, centre + (until - centre) * factor);
    },
    { passive: false },
  );
}

/**
 * Fingers: what lies under each of them stays there. Up and down still moves the page (touch-action in the style sheet).
 *
 * @param {HTMLElement} area
 * @param {Stage} stage
 */
export function moveByFingers(area, stage) {
  /** @type {Map<number, { begin: number, at: number }>} places across the area, 0 to 1 */
  const fingers = new Map();
  /** @type {[number, number] | null} */
  let first = null;
  /** @type {[number, number] | null} */
  let shown = null;
  const across = (/** @type {PointerEvent} */ event) => (event.clientX - area.getBoundingClientRect().left) / area.clientWidth;
  const anchor = () => {
    first = shown ?? stage.window();
    for (const finger of fingers.values()) finger.begin = finger.at;
  };
  area.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "touch" || fingers.size === 2 || !stage.window()) return;
    fingers.set(event.pointerId, { begin: across(event), at: across(event) });
    anchor();
  });
  area.addEventListener("pointermove", (event) => {
    const finger = fingers.get(event.pointerId);
    if (!finger || !first) return;
    finger.at = across(event);
    shown = spanUnder([...fingers.values()], first);
    stage.draw(...shown);
  });
  const lift = (/** @type {PointerEvent} */ event) => {
    if (!fingers.delete(event.pointerId)) return;
    if (fingers.size > 0) anchor();
    else if (shown) {
      const [from, until] = shown;
      first = shown = null;
      stage.settle(from, until);
    }
  };
  for (const kind of /** @type {const} */ (["pointerup", "pointercancel"])) area.addEventListener(kind, lift);
}

const CLOSEST = 0.05;

/**
 * The span in which the moments that were under the fingers are under them again.
 *
 * @param {{ begin: number, at: number }[]} fingers one or two
 * @param {[number, number]} first the span when they came down
 * @returns {[number, number]}
 */
export function spanUnder(fingers, [from, until]) {
  const length = until - from;
  const [one, two] = fingers;
  const apart = two ? Math.max(CLOSEST, Math.abs(two.begin - one.begin)) / Math.max(CLOSEST, Math.abs(two.at - one.at)) : 1;
  const begin = two ? (one.begin + two.begin) / 2 : one.begin;
  const at = two ? (one.at + two.at) / 2 : one.at;
  const left = from + length * (begin - at * apart);
  return [left, left + length * apart];
}
