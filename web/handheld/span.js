/**
 * Time spans in words.
 * @module
 */

/** @typedef {import('./advice.js').Pair} Pair */

const [MINUTE, HOUR, DAY] = [60, 3600, 86_400];

/**
 * Returns a span in both languages, with the two largest units.
 * @param {number} ms
 * @returns {Pair}
 */
export function span(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < MINUTE) return [`${s}秒`, `${s} s`];
  if (s < HOUR) return s % MINUTE ? [`${Math.floor(s / MINUTE)}分${s % MINUTE}秒`, `${Math.floor(s / MINUTE)} min ${s % MINUTE} s`] : [`${s / MINUTE}分钟`, `${s / MINUTE} min`];
  const [big, small, zh, en] = s < DAY
    ? [Math.floor(s / HOUR), Math.floor(s % HOUR / MINUTE), ['小时', '分'], ['h', 'min']]
    : [Math.floor(s / DAY), Math.floor(s % DAY / HOUR), ['天', '小时'], ['d', 'h']];
  return small ? [`${big}${zh[0]}${small}${zh[1]}`, `${big} ${en[0]} ${small} ${en[1]}`] : [`${big}${zh[0]}`, `${big} ${en[0]}`];
}

/**
 * Returns the time between two events in both languages, with a tenth of a second where it is short.
 * @param {number} ms
 * @returns {Pair}
 */
export function gapOf(ms) {
  const s = (Math.abs(ms) / 1000).toFixed(1);
  return Math.abs(ms) < 10_000 ? [`${s}秒`, `${s} s`] : span(Math.abs(ms));
}

/**
 * Puts a pair into a pair with the place `{0}`.
 * @param {Pair} text
 * @param {Pair} value
 * @returns {Pair}
 */
export function fill([zh, en], value) {
  return [zh.replace('{0}', value[0]), en.replace('{0}', value[1])];
}

/**
 * Returns the size of data, kB or MB.
 * @param {number} bytes
 */
export function sizeOf(bytes) {
  return bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1000))} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
