// @ts-check
/** The page: which view is shown, and what it is told. */
import { draw, html, useEffect, useState } from "./lib.js";
import { site as askSite } from "./api.js";
import { useLive } from "./live.js";
import { usePlace } from "./router.js";
import { Shell } from "./parts/shell.js";
import { SignIn } from "./parts/sign_in.js";
import { Fleet } from "./views/fleet.js";
import { PackViews } from "./views/pack.js";

/** @param {{ site: import("./types").Site, onSession: () => void }} properties */
function Reading({ site, onSession }) {
  const live = useLive();
  const place = usePlace();
  const only = live.items?.length === 1 && place.pack === null ? live.items[0].pack : place.pack;
  const shown = only === place.pack ? place : { pack: only, view: "now", part: null };
  useEffect(() => {
    document.title = shown.pack === null ? site.name : `${shown.pack} · ${site.name}`;
  }, [shown.pack, site.name]);
  const items = live.items ?? [];
  return html`<${Shell} site=${site} place=${shown} items=${items} isLost=${live.isLost} onSession=${onSession}>
    ${live.items === null
      ? html`<p class="starting" role="status">${live.isLost ? "The box does not answer; trying again …" : "Reading the packs …"}</p>`
      : shown.pack === null
        ? html`<${Fleet} items=${items} />`
        : html`<${PackViews} place=${shown} items=${items} now=${live.now} site=${site} />`}
  <//>`;
}

function Page() {
  const [site, setSite] = useState(/** @type {import("./types").Site | null} */ (null));
  const [error, setError] = useState("");
  const ask = () => {
    askSite().then(setSite, (cause) => {
      setError(cause.message);
      setTimeout(ask, 3000);
    });
  };
  useEffect(ask, []);
  if (!site) return html`<p class="starting" role="status">${error || "Reading the packs …"}</p>`;
  if (site.role === "anyone") {
    return html`<main class="door"><h1>${site.name}</h1><p>Sign in to see the packs of this site.</p><${SignIn} onClose=${() => {}} onDone=${ask} /></main>`;
  }
  return html`<${Reading} key=${site.operator} site=${site} onSession=${ask} />`;
}

const root = document.getElementById("page");
if (root) {
  root.textContent = "";
  draw(html`<${Page} />`, root);
}
