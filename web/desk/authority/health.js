/**
 * Judging the state of the streams: green, amber or red, with what it means and what to do (docs/operations.md, sections
 * 3, 4 and 8).
 * @module
 */

/** Age from which a waiting record or the watermark needs attention, and from which it is a fault, ms. */
export const LATE = 5000;
export const FAULTY = 30_000;

/** Age of the watermark at which gates deny by default, ms: `expired_after` of a gateway. */
export const DENY = 15 * 60_000;

/** Difference of the clocks of issuer and database that needs attention, ms. */
const SKEW = 5000;

/** @typedef {'good' | 'warn' | 'bad'} Level */
/** @typedef {'working' | 'sending' | 'late' | 'noLease' | 'failing' | 'silent' | 'denying' | 'standby' | 'topic' | 'republished' | 'skew' | 'notReady' | 'cause'} Key */
/** @typedef {{level: Level, key: Key, values: (string | number)[]}} Finding */

/**
 * The state of a stream: docs/openapi/issuer.yaml, StreamHealth.
 * @typedef {object} Stream
 * @property {'control' | 'bookings'} stream
 * @property {string} topic
 * @property {number} epoch
 * @property {number} [lease_until_ms]
 * @property {boolean} here
 * @property {number} waiting
 * @property {number} [oldest_ms]
 * @property {{partition: number, waiting: number, oldest_ms?: number, last: number, watermark_ms?: number}[]} partitions
 * @property {{failing?: string, failing_since?: number, failures: number, republications: number, topic_faults: number}} [publisher]
 */

/** @typedef {{now_ms: number, issuer_ms: number, ready: boolean, waiting_on: string[], streams: Stream[]}} Streams */

const ORDER = { good: 0, warn: 1, bad: 2 };

/**
 * Returns the worst level of findings.
 * @param {Finding[]} findings
 * @returns {Level}
 */
export function worst(findings) {
  return findings.reduce((/** @type {Level} */ level, f) => ORDER[f.level] > ORDER[level] ? f.level : level, 'good');
}

/** @param {number} ms */
const whole = (ms) => Math.max(0, Math.round(ms / 1000));

/**
 * Judges a stream.
 * @param {Stream} s
 * @param {Streams} all
 * @returns {Finding[]} the worst first; at least one
 */
export function judgeStream(s, all) {
  /** @type {Finding[]} */
  const found = [];
  const say = (/** @type {Level} */ level, /** @type {Key} */ key, /** @type {(string | number)[]} */ ...values) => found.push({ level, key, values });
  const age = s.oldest_ms === undefined ? 0 : all.now_ms - s.oldest_ms;
  if (!s.lease_until_ms) say('bad', 'noLease');
  if (s.publisher?.failing) say('bad', 'failing', s.publisher.failing, s.publisher.failing_since ? whole(all.issuer_ms - s.publisher.failing_since * 1000) : 0);
  if (s.waiting && age > LATE) say(age > FAULTY ? 'bad' : 'warn', 'late', s.waiting, whole(age));
  else if (s.waiting) say('good', 'sending', s.waiting);
  const marks = s.partitions.flatMap((p) => p.watermark_ms ? [all.issuer_ms - p.watermark_ms] : []);
  const silence = Math.max(0, ...marks);
  if (silence > DENY) say('bad', 'denying', whole(silence));
  else if (silence > LATE) say(silence > FAULTY ? 'bad' : 'warn', 'silent', whole(silence));
  if (s.lease_until_ms && !s.here) say('good', 'standby');
  if (s.publisher?.topic_faults) say('warn', 'topic', s.publisher.topic_faults);
  if (s.publisher?.republications) say('warn', 'republished', s.publisher.republications);
  if (worst(found) === 'good' && !found.some((f) => f.key === 'sending')) say('good', 'working');
  return found.sort((a, b) => ORDER[b.level] - ORDER[a.level]);
}

/**
 * Judges the answering issuer.
 * @param {Streams} all
 * @returns {Finding[]}
 */
export function judgeIssuer(all) {
  /** @type {Finding[]} */
  const found = [];
  if (!all.ready) found.push({ level: 'bad', key: 'notReady', values: [] });
  for (const cause of all.waiting_on) found.push({ level: all.ready ? 'warn' : 'bad', key: 'cause', values: [cause] });
  const skew = Math.abs(all.now_ms - all.issuer_ms);
  if (skew > SKEW) found.push({ level: 'warn', key: 'skew', values: [whole(skew)] });
  return found;
}
