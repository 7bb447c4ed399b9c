/**
 * The language of a page: Chinese, or English where the browser prefers another language than Chinese.
 * @module
 */

/** @typedef {'zh' | 'en'} Language */
/** @typedef {{zh: string, en: string}} Bilingual */

const CHOICE = 'railgate.language';

/** @type {Set<() => void>} */
const listeners = new Set();

/** @type {Language} */
let current = stored() ?? (/^zh\b/i.test(globalThis.navigator?.language || 'zh') ? 'zh' : 'en');

/** @returns {Language | null} */
function stored() {
  try {
    const choice = localStorage.getItem(CHOICE);
    return choice === 'zh' || choice === 'en' ? choice : null;
  } catch {
    return null; // storage is denied
  }
}

export function language() {
  return current;
}

/**
 * Changes the language and keeps the choice.
 * @param {Language} to
 */
export function setLanguage(to) {
  current = to;
  try {
    localStorage.setItem(CHOICE, to);
  } catch {
    // The choice lasts until the page is closed.
  }
  for (const listener of listeners) listener();
}

/**
 * Calls a function after each change of the language.
 * @param {() => void} listener
 */
export function onLanguage(listener) {
  listeners.add(listener);
}

/**
 * Returns the text in the current language.
 * @param {Bilingual} text
 */
export function pick(text) {
  return text[current];
}

/**
 * Returns a function that finds a page's texts in the current language. `{0}` in a text is the first further argument.
 * @template {string} Key
 * @param {Record<Key, readonly [zh: string, en: string]>} table
 * @returns {(key: Key, ...values: (string | number)[]) => string}
 */
export function texts(table) {
  return (key, ...values) => table[key][current === 'zh' ? 0 : 1].replace(/\{(\d)\}/g, (_, i) => String(values[i]));
}

/** @returns {string} the language tag of the page */
export function tag() {
  return current === 'zh' ? 'zh-CN' : 'en';
}

/**
 * Returns a time as people read it in China: the zone is Beijing's, whatever the phone's is.
 * @param {number} seconds Unix seconds
 * @param {Intl.DateTimeFormatOptions} [parts] default: month, day, hour, minute
 */
export function when(seconds, parts = { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' }) {
  return new Intl.DateTimeFormat(tag(), { timeZone: 'Asia/Shanghai', hourCycle: 'h23', ...parts }).format(seconds * 1000);
}
