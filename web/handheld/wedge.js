/**
 * Scanners that type: the trigger of a rugged handheld sends the code as keys and ends it with Enter or Tab, or not at all.
 * @module
 */

/** Longest time between two keys of a scanner, ms. People type more slowly. */
const QUICK = 60;
/** Time after a text in which further keys are the scanner's, ms. */
const SETTLE = 400;
/** Shortest text that is taken for a scan. */
const SHORTEST = 16;
const LONGEST = 1024;
/** How the railway's codes begin, and their length: they are complete without a key that ends them. */
const [OURS, LENGTH] = ['RG1:', 192];

export class Wedge {
  constructor() {
    this.text = '';
    this.at = 0;
    this.completed = -Infinity;
  }

  /**
   * Takes a key and returns the text that it completes, or null.
   * @param {string} key as in KeyboardEvent
   * @param {number} now ms
   */
  key(key, now) {
    if (now - this.at > QUICK) this.text = '';
    this.at = now;
    if (key.length === 1 && this.text.length < LONGEST) this.text += key;
    const { text } = this;
    if (key !== 'Enter' && key !== 'Tab' && !(text.length === LENGTH && text.startsWith(OURS))) return null;
    this.text = '';
    if (text.length < SHORTEST) return null;
    this.completed = now;
    return text;
  }

  /**
   * Reports whether a key is a scanner's: a space of its code, or the key that ends it.
   * @param {number} now
   */
  typing(now) {
    return this.text.length > 1 || now - this.completed < SETTLE;
  }
}
