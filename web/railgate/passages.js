/**
 * Second use of a code: docs/passback.md, section 2, for one device.
 * @module
 */

import { CODE_LIFE } from './store.js';

/** A scan of the same place and step within this time is a repetition, ms. */
export const REPEAT = 10_000;
/** How long an unconfirmed hold refuses, ms. */
const HOLD = 10_000;

export const [PASSED, HELD, RELEASED] = [0, 1, 2];

/**
 * @typedef {object} Known
 * @property {number} at Unix ms
 * @property {string} place
 * @property {number} step
 * @property {number} state
 */

/** The way of a scope: 0 in, 1 out, null if the scope leaves no passage. */
export const WAYS = Object.freeze(/** @type {Record<string, number | undefined>} */ ({ entry: 0, exit: 1 }));

/** The latest passage of each serial and way. */
export class Passages {
  /** @param {number} window how long a passage refuses, ms */
  constructor(window) {
    this.window = Math.max(window, CODE_LIFE);
    /** @type {Map<string, Known>} by serial and way */
    this.latest = new Map();
  }

  /**
   * Adds a passage that was decided elsewhere or before.
   * @param {string} serial
   * @param {number} way
   * @param {Known} passage
   */
  add(serial, way, passage) {
    const key = `${serial} ${way}`;
    const stored = this.latest.get(key);
    this.latest.set(key, stored ? this.merged(stored, passage, this.latest.get(`${serial} ${1 - way}`)) : passage);
  }

  /**
   * Forgets passages that refuse nothing at a time or later.
   * @param {number} at Unix ms
   */
  forget(at) {
    for (const [key, passage] of this.latest) if (passage.at <= at - this.window) this.latest.delete(key);
  }

  /**
   * Returns the one of two passages that refuses longer.
   * @param {Known} stored
   * @param {Known} told
   * @param {Known | undefined} other
   */
  merged(stored, told, other) {
    const [earlier, later] = stored.at > told.at ? [told, stored] : [stored, told];
    if (later.state === PASSED || earlier.state === HELD && later.state === HELD) return later;
    return this.refuses(earlier, later.at - earlier.at, other) ? earlier : later;
  }

  /**
   * Decides about a scan and remembers it if it is admitted.
   * @param {string} serial
   * @param {number} way
   * @param {{at: number, place: string, step: number}} scan
   * @param {number} forgiven time up to which passages do not count, Unix ms
   * @returns {{outcome: 'admitted' | 'repeated' | 'used', age: number}} age in ms
   */
  attempt(serial, way, scan, forgiven) {
    const key = `${serial} ${way}`;
    const before = this.latest.get(key);
    const age = before ? Math.max(0, scan.at - before.at) : 0;
    if (before && before.at > forgiven && this.refuses(before, age, this.latest.get(`${serial} ${1 - way}`))) {
      const repeated = before.step === scan.step && before.place === scan.place && age < REPEAT;
      return { outcome: repeated ? 'repeated' : 'used', age };
    }
    this.latest.set(key, { ...scan, state: PASSED });
    return { outcome: 'admitted', age: 0 };
  }

  /**
   * Reports whether a passage refuses another one after a time.
   * @param {Known} passage
   * @param {number} after ms
   * @param {Known | undefined} other the latest of the other way
   */
  refuses(passage, after, other) {
    if (passage.state === HELD) return after < HOLD;
    if (passage.state !== PASSED) return false;
    const followed = other !== undefined && other.state === PASSED && other.at > passage.at;
    return after < CODE_LIFE || after < this.window && !followed;
  }
}
