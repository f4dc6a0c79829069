// @ts-check
/** The frame around every view: site, pack, views, connection, who is signed in. */
import { html, useState } from "../lib.js";
import { address, VIEWS } from "../router.js";
import { age, number } from "../format.js";
import { signOut } from "../api.js";
import { SignIn } from "./sign_in.js";
import { Symbol } from "../symbols.js";

const NAMES = { now: "Now", cells: "Cells", history: "History", findings: "Findings", limits: "Limits", telemetry: "Telemetry" };

/**
 * @param {object} properties
 * @param {import("../types").Site} properties.site
 * @param {import("../router.js").Place} properties.place
 * @param {import("../types").PackSummary[]} properties.items
 * @param {boolean} properties.isLost
 * @param {() => void} properties.onSession
 * @param {any} properties.children
 */
export function Shell({ site, place, items, isLost, onSession, children }) {
  const [isSigningIn, setSigningIn] = useState(false);
  const summary = items.find((item) => item.pack === place.pack);
  const close = () => setSigningIn(false);
  return html`
    <a class="skip" href="#content" onClick=${skip}>Skip to the content</a>
    <header class="top">
      <a class="brand" href="#/"><img src="/static/icon.svg" alt="" width="28" height="28" /><span>${site.name}</span></a>
      ${place.pack !== null && html`<${PackPicker} place=${place} items=${items} />`}
      <${Connection} summary=${summary} isLost=${isLost} />
      ${site.operator
        ? html`<button class="quiet" onClick=${() => signOut().then(onSession)}>Sign out ${site.operator}</button>`
        : site.has_operator && html`<button class="quiet" onClick=${() => setSigningIn(true)}>Sign in</button>`}
    </header>
    ${place.pack !== null && html`<${Tabs} place=${place} summary=${summary} />`}
    ${isLost && html`<p class="notice" role="status">The box does not answer. What you see is the last that it said.</p>`}
    <main id="content" tabindex="-1">${children}</main>
    ${isSigningIn && html`<${SignIn} onClose=${close} onDone=${() => { close(); onSession(); }} />`}
    <footer class="foot">
      <span>cellwarden ${site.version}</span>
      <span>Brackets and bars hold 95 % intervals. Times are local${site.clock_speed > 1 ? `, of a clock that runs ${number(site.clock_speed)} times as fast: this is a demonstration` : ""}.</span>
      <span>Nothing is written to any device.</span>
    </footer>`;
}

/** To the content without changing the address: its hash says which view is open. @param {Event} event */
const skip = (event) => {
  event.preventDefault();
  document.getElementById("content")?.focus();
};

/** @param {{ place: import("../router.js").Place, items: import("../types").PackSummary[] }} properties */
const PackPicker = ({ place, items }) =>
  items.length > 1
    ? html`<select class="picker" aria-label="Pack" value=${place.pack}
        onChange=${(/** @type {any} */ event) => { location.hash = address(event.target.value, place.view); }}>
        ${items.map((item) => html`<option value=${item.pack} selected=${item.pack === place.pack}>${item.pack}</option>`)}
      </select>`
    : html`<span class="packname">${place.pack}</span>`;

/** @param {{ summary: import("../types").PackSummary | undefined, isLost: boolean }} properties */
function Connection({ summary, isLost }) {
  if (!summary) return html`<span class="connection"></span>`;
  const isOld = isLost || summary.age_second === null || summary.age_second > 60;
  return html`<span class=${`connection ${isOld ? "old" : "fresh"}`}>
    <i aria-hidden="true"></i>${isLost ? "no connection" : `data ${age(summary.age_second)}`}</span>`;
}

/** @param {{ place: import("../router.js").Place, summary: import("../types").PackSummary | undefined }} properties */
const Tabs = ({ place, summary }) => html`<nav class="tabs" aria-label="Views">
  ${VIEWS.map((view) => {
    const isHere = place.view === view || (place.view === "cell" && view === "cells");
    const count = view === "findings" && summary ? summary.open_findings : 0;
    return html`<a href=${address(place.pack, view)} aria-current=${isHere ? "page" : undefined}>
      ${NAMES[view]}${count > 0 && html` <span class="count">${summary && summary.open_warnings > 0 && html`<${Symbol} state=${summary.state} size=${13} />`}${count}</span>`}</a>`;
  })}
</nav>`;
