/**
 * Scanners that type: the trigger of a rugged handheld sends the code as keys and ends it with Enter.
 * @module
 */

/** Longest time between two keys of a scanner, ms. People type more slowly. */
const QUICK = 60;
/** Shortest text that is taken for a scan. */
const SHORTEST = 16;
const LONGEST = 1024;

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
    if (key === 'Enter') {
      const { text } = this;
      this.text = '';
      return text.length >= SHORTEST ? text : null;
    }
    if (key.length === 1 && this.text.length < LONGEST) this.text += key;
    return null;
  }

  /** Reports whether a scanner is typing: then a space belongs to the code. */
  typing() {
    return this.text.length > 1;
  }
}
