/**
 * The server's time, learned from its answers: a phone's clock may be hours off.
 *
 * An answer bounds the offset of the server's clock from both sides, and the bounds of several answers are intersected.
 * Two clocks of the phone are compared: the wall clock, which people can set, and the steady clock, which cannot be set
 * and which on most phones stops during sleep. So a wall clock that falls back against the steady one was set. One that
 * runs ahead was set, or the phone slept. A page that keeps the screen on does not sleep ({@link ServerClock.awake}).
 * @module
 */

/** Difference of both local clocks that is a change of the wall clock or sleep, ms. */
const JUMP = 2000;

/** @typedef {{wall: number, steady: number}} Reading Unix ms; ms since the page began */

/** @returns {Reading} */
function system() {
  return { wall: Date.now(), steady: performance.now() };
}

export class ServerClock {
  /** @param {() => Reading} [read] the clocks of the phone */
  constructor(read = system) {
    this.read = read;
    /** Reports whether the phone cannot have slept since the last reading. */
    this.awake = () => false;
    /** Whether the wall clock has run ahead since the last answer: the phone slept, or its clock was set. */
    this.doubtful = false;
    /** Bounds on the server's time minus the wall clock, ms. */
    this.low = -Infinity;
    this.high = Infinity;
    this.anchor = read();
  }

  /**
   * Uses the `Date` header of an answer, which has whole seconds, rounded down.
   * @param {string | null} date
   * @param {Reading} sent before the request
   */
  learn(date, sent) {
    const server = date ? Date.parse(date) : NaN;
    if (!Number.isNaN(server)) this.bound(server, server + 1000, sent);
  }

  /**
   * Uses a time that the server read while it answered.
   * @param {number} server Unix ms
   * @param {Reading} sent before the request
   */
  learnExact(server, sent) {
    this.bound(server, server + 1, sent);
  }

  /**
   * Intersects the bounds with those of an answer. The duration of the request comes from the steady clock: the wall clock
   * may have been set meanwhile.
   * @param {number} earliest server's time at the answer
   * @param {number} latest
   * @param {Reading} sent
   */
  bound(earliest, latest, sent) {
    this.follow();
    const received = this.read();
    const from = earliest - received.wall;
    const to = latest - received.wall + (received.steady - sent.steady);
    if (from > this.high || to < this.low || this.doubtful) { // the clocks have drifted apart since the earlier answers
      this.low = from;
      this.high = to;
    } else {
      this.low = Math.max(this.low, from);
      this.high = Math.min(this.high, to);
    }
    this.doubtful = false;
    this.anchor = received;
  }

  /**
   * Corrects the bounds if the wall clock was set. The anchor stays until then, so that many small changes add up to a
   * noticed one.
   */
  follow() {
    const reading = this.read();
    const jump = reading.wall - this.anchor.wall - (reading.steady - this.anchor.steady);
    if (Math.abs(jump) <= JUMP) return;
    if (jump < 0 || this.awake()) {
      this.low -= jump;
      this.high -= jump;
    } else {
      this.doubtful = true;
    }
    this.anchor = reading;
  }

  /** Reports whether an answer has told the server's time. */
  known() {
    return this.low > -Infinity;
  }

  /** Returns the server's time, Unix ms; the phone's time before the first answer. */
  now() {
    this.follow();
    return this.read().wall + this.offset();
  }

  /** Returns the offset of {@link ServerClock.now} from the wall clock, ms. */
  offset() {
    return this.known() ? (this.low + this.high) / 2 : 0;
  }

  /**
   * Takes an offset that an earlier page learned.
   * @param {number} ms
   */
  restore(ms) {
    if (!this.known()) this.low = this.high = ms;
  }
}

/** The clock of this page. */
export const clock = new ServerClock();

/** Returns a reading of the phone's clocks, for {@link learn}. */
export const reading = () => clock.read();

/**
 * Uses the `Date` of an answer.
 * @param {string | null} date
 * @param {Reading} sent reading before the request
 */
export const learn = (date, sent) => clock.learn(date, sent);

/** Reports whether an answer has told the server's time. */
export const known = () => clock.known();

/** Returns the server's time, Unix ms; the phone's time before the first answer. */
export const now = () => clock.now();

/** Returns the offset of {@link now} from the phone's clock, ms, to keep with what depends on it. */
export const offset = () => clock.offset();

/**
 * Takes an offset that an earlier page learned.
 * @param {number} ms
 */
export const restore = (ms) => clock.restore(ms);
