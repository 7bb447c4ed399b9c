/**
 * The clocks of a handheld in a browser, as docs/offline.md, section 4.2 needs them.
 * @module
 */

/**
 * How far the wall clock may run ahead of the steady one between two readings, ms. A greater difference is sleep, during
 * which many browsers stop the steady clock, or a clock that was set ahead.
 */
const SLEPT = 2000;

/** Reads the clocks. Sleep counts as a restart: the steady clock missed it, so the time of the last bundle is no anchor any more. */
export class Clocks {
  /**
   * @param {() => number} [wall] Unix ms
   * @param {() => number} [steady] ms, never goes back
   */
  constructor(wall = () => Date.now(), steady = () => performance.now()) {
    this.wall = wall;
    this.steady = steady;
    this.name = crypto.randomUUID();
    this.sleeps = 0;
    this.difference = wall() - steady();
  }

  /**
   * Returns one reading. Read them at least every few seconds while the page is awake, so that sleep is noticed.
   * @returns {import('../../railgate/clock.js').Clock}
   */
  read() {
    const wall = Math.floor(this.wall());
    const steady = this.steady();
    if (wall - steady > this.difference + SLEPT) this.sleeps++;
    this.difference = wall - steady; // a clock that was set back leaves the anchor valid
    return { wall, steady: Math.floor(steady), boot: `${this.name} ${this.sleeps}` };
  }
}
