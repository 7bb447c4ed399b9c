/**
 * The time of a device: docs/offline.md, section 4.2.
 * @module
 */

/** How far the wall clock may differ from the time that the last bundle and the steady clock give, ms. */
const MAX_CLOCK_ERROR = 10_000;
/** How far a bundle may be dated ahead of the time that an earlier one gives, ms. */
const MAX_AHEAD = 60_000;

/**
 * One reading of a device's clocks.
 * @typedef {object} Clock
 * @property {number} wall Unix ms; people can set it
 * @property {number} steady ms since the start of the device; cannot be set and counts during sleep
 * @property {number | string} boot differs after each start of the steady clock
 */

/**
 * How the time of a scan is known: `certain`; `anchored` if the wall clock is wrong and the time is that of the bundle
 * and the steady clock; `unknown` if the wall clock is before a time that has passed for certain, and nothing replaces it.
 * @typedef {'certain' | 'anchored' | 'unknown'} Certainty
 */

/** Derives the time from bundles and clocks. It prefers the gateway's clock, which was signed, to the wall clock. */
export class Timeline {
  constructor() {
    /** @type {{made: number, steady: number, boot: number | string} | null} */
    this.anchor = null;
    /** Greatest time that was certain, Unix ms. */
    this.latest = 0;
  }

  /**
   * Notes the time of a bundle.
   * @param {number} made Unix ms
   * @param {Clock | null} clock when the first byte arrived; null: from a file, whose time says nothing about now
   */
  accept(made, clock) {
    if (clock) this.anchor = { made, steady: clock.steady, boot: clock.boot };
    this.latest = Math.max(this.latest, made);
  }

  /**
   * Reports whether a bundle is dated too far ahead. It would make the device refuse those of other gateways.
   * @param {number} made Unix ms
   * @param {Clock | null} clock
   */
  isAhead(made, clock) {
    const now = clock && this.anchored(clock);
    return now !== null && made > now + MAX_AHEAD;
  }

  /**
   * Returns the time that the steady clock gives since the last bundle, or null.
   * @param {Clock} clock
   */
  anchored({ boot, steady }) {
    const { anchor } = this;
    return anchor && anchor.boot === boot && steady >= anchor.steady ? anchor.made + steady - anchor.steady : null;
  }

  /**
   * Returns the time of a reading, Unix ms, and how it is known.
   * @param {Clock} clock
   * @returns {{at: number, how: Certainty}}
   */
  now(clock) {
    const at = this.anchored(clock);
    if (at !== null) {
      this.latest = Math.max(this.latest, at);
      return { at, how: Math.abs(clock.wall - at) > MAX_CLOCK_ERROR ? 'anchored' : 'certain' };
    }
    if (clock.wall < this.latest - MAX_CLOCK_ERROR) return { at: clock.wall, how: 'unknown' };
    this.latest = Math.max(this.latest, clock.wall);
    return { at: clock.wall, how: 'certain' };
  }
}
