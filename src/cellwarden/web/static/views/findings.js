// @ts-check
/** Findings: open ones first, the most urgent first; each with its evidence. */
import { html, useEffect, useState } from "../lib.js";
import { findings as askFindings } from "../api.js";
import { useAnswer } from "../live.js";
import { address } from "../router.js";
import { FindingCard } from "../parts/finding_card.js";

/** @param {{ pack: import("../types").PackView, part: string | null, site: import("../types").Site }} properties */
export function Findings({ pack, part, site }) {
  const [openOnly, setOpenOnly] = useState(true);
  const [turn, setTurn] = useState(0);
  const asked = part === null && openOnly;
  const { answer, error } = useAnswer(
    () => askFindings(pack.summary.pack, asked),
    [pack.summary.pack, asked, turn, pack.findings.length],
  );
  const isThere = Boolean(answer);
  useEffect(() => {
    if (isThere && part !== null) document.getElementById(part)?.scrollIntoView();
  }, [isThere, part]);
  const choose = (/** @type {boolean} */ isOpenOnly) => {
    setOpenOnly(isOpenOnly);
    if (part !== null) location.hash = address(pack.summary.pack, "findings");
  };
  const items = answer?.items ?? [];
  const roots = items.filter((item) => !item.is_consequence);
  const consequences = items.filter((item) => item.is_consequence);
  const successor = (/** @type {import("../types").Finding} */ finding) => items.find((other) => other.kind === finding.kind
    && other.cell === finding.cell && other.sensor === finding.sensor && other.detected_unix_time_second === finding.cleared_unix_time_second);
  const card = (/** @type {import("../types").Finding} */ finding, /** @type {number} */ index) => html`<${FindingCard} key=${finding.key} finding=${finding} pack=${pack} site=${site} successor=${successor(finding)}
    isOpen=${part === null ? index === 0 && finding.is_open : finding.key === part} onChange=${() => setTurn(turn + 1)} />`;
  return html`<section aria-labelledby="findings">
    <h1 id="findings">Findings</h1>
    <div class="segments" role="group" aria-label="Which">
      <button aria-pressed=${asked} onClick=${() => choose(true)}>Open</button>
      <button aria-pressed=${!asked} onClick=${() => choose(false)}>All, with the cleared ones</button>
    </div>
    ${error && html`<p class="error" role="alert">${error.message}</p>`}
    ${answer && items.length === 0 && html`<p class="lead">${openOnly ? "Nothing is open." : "Nothing has been found so far."}</p>`}
    <div class="list">${roots.map(card)}</div>
    ${consequences.length > 0 && html`<h2>What follows from these</h2><div class="list">${consequences.map((item) => card(item, 1))}</div>`}
  </section>`;
}
