// @ts-check
/** Signs of the states: a shape each, so that nobody needs colour to tell them apart. */
import { html } from "./lib.js";

const SHAPES = {
  critical: html`<path class="fill" d="M8 2h8l6 6v8l-6 6H8l-6-6V8z" /><path class="cut" d="M12 7v6M12 16.4v.2" />`,
  warning: html`<path class="fill" d="M12 2.5 22.5 21h-21z" /><path class="cut" d="M12 9v5.4M12 17.6v.2" />`,
  info: html`<path class="fill" d="M12 1.5 22.5 12 12 22.5 1.5 12z" /><path class="cut" d="M12 11.4v4.8M12 7.8v.2" />`,
  silent: html`<circle class="ring" cx="12" cy="12" r="9.5" /><path class="tick" d="M6 6l12 12" />`,
  healthy: html`<circle class="ring" cx="12" cy="12" r="9.5" /><path class="tick" d="M7.6 12.4l3 3 5.8-6.4" />`,
  untested: html`<circle class="ring dashed" cx="12" cy="12" r="9.5" />`,
};

/** What a state is called: on a pack, and on a cell. */
export const STATE_WORDS = {
  critical: "Act now",
  warning: "Act within weeks",
  info: "Worth knowing",
  silent: "No data",
  healthy: "No fault found",
  untested: "Not tested yet",
};

/** @param {{ state: import("./types").StateKey, size?: number, label?: string }} properties */
export const Symbol = ({ state, size = 20, label }) => html`<svg
  class=${`symbol ${state}`} viewBox="0 0 24 24" width=${size} height=${size}
  role=${label ? "img" : undefined} aria-label=${label} aria-hidden=${label ? undefined : "true"}>${SHAPES[state]}</svg>`;
