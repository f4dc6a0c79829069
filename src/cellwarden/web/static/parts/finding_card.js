// @ts-check
/** One finding: what, since when, how sure, what to do, the evidence, and who has seen it. */
import { html, useState } from "../lib.js";
import { acknowledge } from "../api.js";
import { date, dateTime } from "../format.js";
import { address } from "../router.js";
import { STATE_WORDS, Symbol } from "../symbols.js";
import { Evidence } from "./evidence.js";

/**
 * @param {object} properties
 * @param {import("../types").Finding} properties.finding
 * @param {import("../types").PackView} properties.pack
 * @param {import("../types").Site} properties.site
 * @param {import("../types").Finding} [properties.successor] took its place when its severity changed
 * @param {boolean} [properties.isShort]
 * @param {boolean} [properties.isOpen]
 * @param {() => void} [properties.onChange]
 */
export function FindingCard({ finding, pack, site, successor, isShort = false, isOpen = false, onChange }) {
  const [shows, setShows] = useState(isOpen);
  const place = finding.cell !== null ? `cell ${finding.cell}` : finding.sensor ? `sensor ${finding.sensor}` : "whole pack";
  return html`<article class=${`card finding ${finding.severity} ${finding.is_open ? "" : "cleared"}`} id=${finding.key} aria-label=${finding.sentence}>
    <p class="badge"><${Symbol} state=${finding.severity} size=${20} /><span>${STATE_WORDS[finding.severity]}</span>
      <span class="place">${finding.noun}, ${place}</span></p>
    <h2>${finding.sentence}</h2>
    <p class="when">Since ${date(finding.first_seen_unix_time_second)}, raised ${dateTime(finding.detected_unix_time_second)}${finding.is_open ? "" : finding.cleared_unix_time_second ? `, ${successor ? "until" : "cleared"} ${dateTime(finding.cleared_unix_time_second)}` : ", no longer held"}. ${capital(finding.sureness)}.</p>
    ${!isShort && html`<p>${finding.explanation}</p>`}
    ${finding.is_open ? html`<p class="advice"><b>What to do:</b> ${finding.advice}</p>` : html`<p class="advice">${successor ? `It goes on as “${STATE_WORDS[successor.severity]}”.` : "It is over: nothing needs to be done."}</p>`}
    <p class="actions">
      <button class="quiet" aria-expanded=${shows} onClick=${() => setShows(!shows)}>${shows ? "Hide the evidence" : "Show the evidence"}</button>
      ${isShort ? html`<a href=${address(finding.pack, "findings", finding.key)}>Details</a>` : finding.cell !== null && html`<a href=${address(finding.pack, "cell", finding.cell)}>Look at cell ${finding.cell}</a>`}
    </p>
    ${shows && html`<${Evidence} finding=${finding} pack=${pack} />`}
    ${finding.acknowledgements.map((entry) => html`<p class="seen">✓ Seen by ${entry.who}, ${dateTime(entry.unix_time_second)}${entry.note ? `: ${entry.note}` : ""}</p>`)}
    ${!isShort && finding.is_open && html`<${AcknowledgeForm} finding=${finding} site=${site} onChange=${onChange} />`}
  </article>`;
}

/** @param {string} text */
const capital = (text) => text.slice(0, 1).toUpperCase() + text.slice(1);

/** @param {{ finding: import("../types").Finding, site: import("../types").Site, onChange?: () => void }} properties */
function AcknowledgeForm({ finding, site, onChange }) {
  const [note, setNote] = useState("");
  const [error, setError] = useState("");
  if (site.role !== "operator") return site.has_operator ? html`<p class="seen">Sign in to note that you have seen it.</p>` : null;
  /** @param {Event} event */
  const submit = (event) => {
    event.preventDefault();
    acknowledge(finding.key, note).then(
      () => {
        setNote("");
        setError("");
        onChange?.();
      },
      (cause) => setError(cause.message),
    );
  };
  return html`<form class="acknowledge" onSubmit=${submit}>
    <label>Note<input value=${note} maxlength="2000" placeholder="what was done, or why nothing" onInput=${(/** @type {any} */ event) => setNote(event.target.value)} /></label>
    <button type="submit">I have seen it</button>
    ${error && html`<p class="error" role="alert">${error}</p>`}
  </form>`;
}
