/**
 * One action for one code: a code that stays before the camera is judged once.
 *
 * A code counts as new again after it left the picture and its verdict was closed some time ago. Several codes are
 * remembered, because two phones may be in the picture by turns.
 * @module
 */

/**
 * Time, ms, and readings without a sight after which a code has left the picture: a busy phone reads rarely, and a code at
 * the edge is found by each third reading only.
 */
export const [GONE, MISSES] = [1000, 6];
/** Time after the end of its verdict during which a code is not judged again, ms. A code that returned meanwhile is judged then. */
export const REST = 1500;
/** Bound of the codes that are remembered. */
const MOST = 16;

export class Once {
  constructor() {
    /** @type {Map<string, {seen: number, missed: number, left: boolean, closed: number}>} times in ms, the oldest code first */
    this.known = new Map();
  }

  /**
   * Notes a reading, and reports whether its code may be judged.
   * @param {string | null} text null: no code
   * @param {number} now ms of a steady clock
   */
  fresh(text, now) {
    for (const [other, known] of this.known) if (other !== text) known.missed++;
    if (text === null) return false;
    const known = this.known.get(text);
    if (!known) return true;
    known.left ||= now - known.seen >= GONE && known.missed >= MISSES;
    known.seen = now;
    known.missed = 0;
    return known.left && now - known.closed >= REST;
  }

  /**
   * Notes that a code is judged.
   * @param {string} text
   * @param {number} now
   */
  acted(text, now) {
    this.known.delete(text);
    if (this.known.size >= MOST) this.known.delete(/** @type {string} */ (this.known.keys().next().value));
    this.known.set(text, { seen: now, missed: 0, left: false, closed: Infinity });
  }

  /**
   * Notes that the verdict on a code was closed.
   * @param {string} text
   * @param {number} now
   */
  closed(text, now) {
    const known = this.known.get(text);
    if (known) known.closed = now;
  }

  /**
   * Lets a code be judged again at once, for staff who ask for it.
   * @param {string} text
   */
  forget(text) {
    this.known.delete(text);
  }
}
