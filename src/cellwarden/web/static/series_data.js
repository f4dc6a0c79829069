// @ts-check
/** What the interface answers, made ready for a chart. */

/** A pack that rests leaves one row a minute: less than three of them in a row is no gap. */
const QUIET_SECOND = 180;

/**
 * Columns over their times, with an empty moment in every gap, so that no line is drawn across what nobody measured.
 *
 * @param {import("./types").Series} series
 * @param {(number | null)[][]} columns as long as the series' times
 * @returns {[number[], ...(number | null)[][]]}
 */
export function withGaps(series, columns) {
  const times = series.unix_time_second;
  const usual = stepOf(times);
  const longest = Math.max(QUIET_SECOND, 3 * series.bucket_second, 3 * usual);
  const before = times.flatMap((at, index) => (index > 0 && at - times[index - 1] > longest ? [index] : []));
  if (before.length === 0) return [times, ...columns];
  /** @template T @param {T[]} values @param {(index: number) => T} empty */
  const cut = (values, empty) => {
    /** @type {T[]} */
    const out = [];
    let begin = 0;
    for (const index of before) {
      out.push(...values.slice(begin, index), empty(index));
      begin = index;
    }
    return out.concat(values.slice(begin));
  };
  const none = () => /** @type {number | null} */ (null);
  return [cut(times, (index) => (times[index - 1] + times[index]) / 2), ...columns.map((values) => cut(values, none))];
}

/** The usual step between moments. @param {number[]} times */
function stepOf(times) {
  const steps = times.slice(1).map((at, index) => at - times[index]).sort((a, b) => a - b);
  return steps.length ? steps[steps.length >> 1] : 0;
}
