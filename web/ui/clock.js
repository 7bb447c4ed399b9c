/**
 * The server's time, learned from its answers: a phone's clock may be hours off.
 *
 * The `Date` of an answer has whole seconds, so each answer bounds the offset from both sides. The bounds of several
 * answers are intersected. A change of the phone's clock is noticed by the clock that cannot be set.
 * @module
 */

/** Difference of both local clocks that is a change of the phone's clock, ms. */
const SET = 2000;

/** Bounds on the server's time minus the phone's, ms. */
let low = -Infinity;
let high = Infinity;
let anchor = { wall: Date.now(), steady: performance.now() };

/**
 * Uses the `Date` of an answer.
 * @param {string | null} date
 * @param {number} sent when the request was sent, by the phone, Unix ms
 * @param {number} received when its answer arrived, by the phone, Unix ms
 */
export function learn(date, sent, received) {
  const server = date ? Date.parse(date) : NaN;
  if (Number.isNaN(server)) return;
  follow();
  const from = server - received;
  const to = server + 1000 - sent;
  if (from > high || to < low) { // the clocks have drifted apart since the earlier answers
    low = from;
    high = to;
  } else {
    low = Math.max(low, from);
    high = Math.min(high, to);
  }
}

/** Corrects the bounds if the phone's clock was set back. A clock that runs ahead may come from sleep, which is no change. */
function follow() {
  const wall = Date.now();
  const steady = performance.now();
  const jump = wall - anchor.wall - (steady - anchor.steady);
  if (jump < -SET) {
    low -= jump;
    high -= jump;
  }
  anchor = { wall, steady };
}

/** Reports whether an answer has told the server's time. */
export function known() {
  return low > -Infinity;
}

/**
 * Returns the server's time, Unix ms; the phone's time before the first answer.
 */
export function now() {
  if (!known()) return Date.now();
  follow();
  return Date.now() + (low + high) / 2;
}

/** Returns the offset of {@link now} from the phone's clock, ms, to keep with what depends on it. */
export function offset() {
  return known() ? (low + high) / 2 : 0;
}

/**
 * Takes an offset that an earlier page learned.
 * @param {number} ms
 */
export function restore(ms) {
  if (!known()) low = high = ms;
}
