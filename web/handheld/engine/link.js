/**
 * Whether a handheld asks its gateway or judges itself, and why: the switch between online and offline.
 *
 * One failed check is judged by the handheld at once. Two failures in a row switch to offline, so that no further passenger
 * waits for a gateway that does not answer. Probes then look for the gateway, with longer and longer pauses, and two good
 * ones in a row switch back. If the connection fails again soon after that, more good probes are asked for: a train at the edge
 * of a cell does not flap between both.
 * @module
 */

/** Failures in a row that switch to offline. */
const FAILURES = 2;
/** Good probes in a row that switch to online, and the most that are asked for after quick relapses. */
const RECOVERIES = 2;
const MOST_RECOVERIES = 8;
/** A failure this soon after a recovery is a relapse, ms. */
const RELAPSE = 60_000;
/** Pauses between probes, ms: the first, the longest, and between two good ones. */
const FIRST_PAUSE = 2000;
const LONGEST_PAUSE = 30_000;
const GOOD_PAUSE = 1000;
/** Pause before the gateway is asked again whether it knows the device by now, ms: people have to change its settings. */
const REFUSED_PAUSE = 60_000;

/**
 * Why the link is in its mode: a Cause, or `starting` (online, and no answer yet), `recovered` (online).
 * @typedef {import('./gateway.js').Cause | 'starting' | 'recovered'} Why
 */

/** Causes that more tries do not mend: one failure is enough. */
const CERTAIN = ['unauthorized', 'not_allowed', 'not_ready'];

export class Link {
  /**
   * @param {{now: () => number, wall: () => number, changed: () => void, random?: () => number}} deps now: steady, ms; wall: Unix ms
   */
  constructor({ now, wall, changed, random = Math.random }) {
    this.now = now;
    this.wall = wall;
    this.changed = changed;
    this.random = random;
    /** @type {'online' | 'offline'} */
    this.mode = 'online';
    /** @type {Why} */
    this.why = 'starting';
    this.since = wall();
    this.failures = 0;
    this.good = 0;
    this.wanted = 1; // good probes that switch to online
    this.recovered = -Infinity;
    this.pause = FIRST_PAUSE;
    this.next = now(); // when the next probe is due
  }

  /** Notes an answer to a check. */
  succeeded() {
    this.failures = 0;
    if (this.mode === 'offline') return; // only probes switch back
    if (this.why === 'starting') this.turn('online', 'recovered');
    if (this.now() - this.recovered > RELAPSE) this.wanted = RECOVERIES;
  }

  /**
   * Notes that a check got no answer.
   * @param {import('./gateway.js').NoAnswer} failure
   */
  failed(failure) {
    this.good = 0;
    if (this.mode === 'offline') {
      this.pause = Math.min(LONGEST_PAUSE, this.pause * 1.6);
      this.plan(failure.after, failure.why);
      if (this.why !== failure.why) this.turn('offline', failure.why);
      return;
    }
    if (failure.why === 'defect') return; // a fault of this program in one request
    this.failures++;
    if (this.failures < FAILURES && this.why !== 'starting' && !CERTAIN.includes(failure.why)) return;
    this.wanted = this.now() - this.recovered < RELAPSE ? Math.min(MOST_RECOVERIES, this.wanted * 2) : RECOVERIES;
    this.pause = FIRST_PAUSE;
    this.plan(failure.after, failure.why);
    this.turn('offline', failure.why);
  }

  /** Notes that the browser knows of no network. */
  lost() {
    if (this.mode === 'offline') return;
    this.failures = FAILURES - 1;
    this.failed(/** @type {any} */ ({ why: 'no_network', after: 0 }));
  }

  /** Notes that the browser found a network: worth a probe at once. */
  found() {
    this.next = this.now();
    this.pause = FIRST_PAUSE;
  }

  /** Reports whether a probe is due. */
  get due() {
    return (this.mode === 'offline' || this.why === 'starting') && this.now() >= this.next;
  }

  /**
   * Notes a good probe.
   * @returns {boolean} whether the link may switch to online: call {@link recover} after the work that comes before
   */
  probed() {
    this.good++;
    this.next = this.now() + GOOD_PAUSE;
    this.pause = FIRST_PAUSE;
    return this.good >= this.wanted;
  }

  /** Switches to online. */
  recover() {
    this.failures = this.good = 0;
    this.recovered = this.now();
    this.turn('online', 'recovered');
  }

  /**
   * @param {number} after ms that the gateway asks for
   * @param {string} why
   */
  plan(after, why) {
    const pause = why === 'unauthorized' || why === 'not_allowed' ? REFUSED_PAUSE : this.pause;
    this.next = this.now() + Math.max(after, pause * (0.8 + 0.4 * this.random()));
  }

  /**
   * @param {'online' | 'offline'} mode
   * @param {Why} why
   */
  turn(mode, why) {
    if (mode !== this.mode || this.why === 'starting') this.since = this.wall();
    this.mode = mode;
    this.why = why;
    this.changed();
  }
}
