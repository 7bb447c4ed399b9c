/**
 * Fields of date and time: Beijing's time on every machine.
 * @module
 */

const BEIJING = 8 * 3600;

/**
 * Returns a time for a field of date and time.
 * @param {number} seconds Unix seconds
 */
export function toField(seconds) {
  return new Date((seconds + BEIJING) * 1000).toISOString().slice(0, 16);
}

/**
 * Returns the time in a field of date and time, which is Beijing's on every machine; null if there is none.
 * @param {string} text
 */
export function fromField(text) {
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text) ? Date.parse(`${text.length === 16 ? `${text}:00` : text}+08:00`) : NaN;
  return Number.isNaN(ms) ? null : Math.floor(ms / 1000);
}
