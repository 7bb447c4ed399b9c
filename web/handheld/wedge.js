/**
 * Scanners that type: the trigger of a rugged handheld sends the code as keys and ends it with Enter or Tab, or not at all.
 * @module
 */

/** Longest time between two keys of a scanner, ms. People type more slowly. */
const QUICK = 60;
/** Shortest text that is taken for a scan. */
const SHORTEST = 16;
const LONGEST = 1024;
/** How the railway's codes begin, and their length: they are complete without a key that ends them. */
const [OURS, LENGTH] = ['RG1:', 192];

export class Wedge {
  constructor() {
    this.text = '';
    this.at = 0;
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
    return text.length >= SHORTEST ? text : null;
  }

  /** Reports whether a scanner is typing: then a space belongs to the code. */
  typing() {
    return this.text.length > 1;
  }
}
