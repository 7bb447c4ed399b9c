/**
 * What the views of this folder share: times, files, hashes, lamps.
 * @module
 */

import { language, when } from '../../ui/language.js';
import { html, svg } from '../../ui/page.js';

/**
 * @param {number} seconds Unix seconds
 */
export function exactly(seconds) {
  return when(seconds, { year: 'numeric', month: language() === 'zh' ? '2-digit' : 'short', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit' });
}

/**
 * Returns a span of time; the end has no date if it is on the same day.
 * @param {number} from Unix seconds
 * @param {number} to Unix seconds
 * @returns {[from: string, to: string]}
 */
export function span(from, to) {
  const date = { month: /** @type {const} */ ('long'), day: /** @type {const} */ ('numeric') };
  const time = { hour: /** @type {const} */ ('2-digit'), minute: /** @type {const} */ ('2-digit') };
  const both = (/** @type {number} */ at) => `${when(at, date)} ${when(at, time)}`;
  return [both(from), when(from, date) === when(to, date) ? when(to, time) : both(to)];
}

/**
 * Hands a text to the browser as a file.
 * @param {string} name
 * @param {string} type
 * @param {string} text
 */
export function download(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const a = document.createElement('a');
  a.href = url;
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/**
 * A hash or key in groups, and whole for copying.
 * @param {string} digits
 */
export function digits(digits) {
  return html`<code class="digits">${digits.match(/.{1,8}/g)?.map((group) => html`<span>${group}</span>`)}</code>`;
}

/**
 * @param {'good' | 'warn' | 'bad'} level
 * @param {string} text
 */
export function lamp(level, text) {
  return html`<span class="lamp ${level}"><svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">${level === 'good'
    ? svgs.good : level === 'warn' ? svgs.warn : svgs.bad}</svg>${text}</span>`;
}

const svgs = {
  good: svg`<circle cx="8" cy="8" r="8" fill="currentColor"/><path class="mark" d="M4.5 8.3l2.4 2.4 4.6-5" fill="none" stroke-width="1.8"/>`,
  warn: svg`<path d="M8 0.8L15.6 15H0.4Z" fill="currentColor"/><path class="mark" d="M8 6v4M8 11.6v1.4" fill="none" stroke-width="1.8"/>`,
  bad: svg`<path d="M5 0h6l5 5v6l-5 5H5l-5-5V5Z" fill="currentColor"/><path class="mark" d="M5.2 5.2l5.6 5.6M10.8 5.2l-5.6 5.6" fill="none" stroke-width="1.8"/>`,
};
