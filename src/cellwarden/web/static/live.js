// @ts-check
/** What is new: the fleet's lines as the box sends them, and whether the box is there at all. */
import { useEffect, useState } from "./lib.js";

/**
 * Follow the box. `items` is null before the first message; `isLost` says that the connection is down.
 *
 * @returns {{ items: import("./types").PackSummary[] | null, now: number, isLost: boolean }}
 */
export function useLive() {
  const [state, setState] = useState(
    /** @type {{ items: import("./types").PackSummary[] | null, now: number, isLost: boolean }} */ ({
      items: null,
      now: Date.now() / 1000,
      isLost: false,
    }),
  );
  useEffect(() => {
    const source = new EventSource("/api/v1/live");
    source.addEventListener("packs", (event) => {
      const { items, unix_time_second: now } = JSON.parse(/** @type {MessageEvent} */ (event).data);
      setState({ items, now, isLost: false });
    });
    source.onerror = () => setState((before) => ({ ...before, isLost: true }));
    return () => source.close();
  }, []);
  return state;
}

/**
 * What a question answers, asked again whenever `on` changes; the last answer stays until the next is there.
 *
 * @template T
 * @param {() => Promise<T>} question
 * @param {readonly unknown[]} on
 * @returns {{ answer: T | null, error: Error | null }}
 */
export function useAnswer(question, on) {
  const [state, setState] = useState(/** @type {{ answer: T | null, error: Error | null }} */ ({ answer: null, error: null }));
  useEffect(() => {
    let isWanted = true;
    question().then(
      (answer) => isWanted && setState({ answer, error: null }),
      (error) => isWanted && setState((before) => ({ answer: before.answer, error })),
    );
    return () => {
      isWanted = false;
    };
  }, on);
  return state;
}
