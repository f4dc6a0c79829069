// @ts-check
/** The libraries under one name each, so that the rest of the page is typed without their declarations. */
// @ts-ignore  shipped without declarations
import { h, render, Fragment } from "./vendor/preact.js";
// @ts-ignore  shipped without declarations
import * as hooks from "./vendor/preact_hooks.js";
// @ts-ignore  shipped without declarations
import htm from "./vendor/htm.js";

/** @typedef {any} Markup */

/** @type {(strings: TemplateStringsArray, ...values: any[]) => Markup} */
export const html = htm.bind(h);
/** @type {(markup: Markup, into: Element) => void} */
export const draw = render;
export { Fragment };
/** @type {<T>(first: T | (() => T)) => [T, (next: T | ((before: T) => T)) => void]} */
export const useState = hooks.useState;
/** @type {(effect: () => void | (() => void), on?: readonly unknown[]) => void} */
export const useEffect = hooks.useEffect;
/** @type {<T>(first: T) => { current: T }} */
export const useRef = hooks.useRef;
/** @type {<T>(make: () => T, on: readonly unknown[]) => T} */
export const useMemo = hooks.useMemo;
