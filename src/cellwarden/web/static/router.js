// @ts-check
/** Which view is shown: the address's part behind the hash, `#/pack/ID/view/part`. */
import { useEffect, useState } from "./lib.js";

/** @typedef {{ pack: string | null, view: string, part: string | null }} Place */

export const VIEWS = /** @type {const} */ (["now", "cells", "history", "findings", "limits", "telemetry"]);

/** @returns {Place} */
function here() {
  const [kind, pack, view, part] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  if (kind !== "pack" || !pack) return { pack: null, view: "fleet", part: null };
  return { pack, view: view || "now", part: part ?? null };
}

/** @param {string | null} pack @param {string} [view] @param {string | number} [part] */
export function address(pack, view = "now", part) {
  if (pack === null) return "#/";
  const parts = ["pack", pack, view, ...(part === undefined ? [] : [String(part)])];
  return `#/${parts.map(encodeURIComponent).join("/")}`;
}

/** @returns {Place} */
export function usePlace() {
  const [place, setPlace] = useState(here);
  useEffect(() => {
    const moved = () => {
      setPlace(here());
      window.scrollTo(0, 0);
    };
    addEventListener("hashchange", moved);
    return () => removeEventListener("hashchange", moved);
  }, []);
  return place;
}
