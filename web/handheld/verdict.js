/**
 * From a verdict to light and words. Only reason `ok` admits, whatever else a verdict says.
 * @module
 */

import { ADVICE, DATA_STATES, PASSBACK_RESULTS, PASSBACK_STATES, TICKET_STATES } from './advice.js';
import { lightOf } from './engine/verdict.js';
import { fill, span } from './span.js';

export { lightOf } from './engine/verdict.js';

/** @typedef {import('./advice.js').Pair} Pair */
/** @typedef {import('./engine/engine.js').Verdict} Verdict */
/** @typedef {'green' | 'amber' | 'red'} Light */

/**
 * What the screen says. `notes` are worth a look, `used` says when the code was used.
 * @typedef {object} Words
 * @property {Light} light
 * @property {boolean} admits
 * @property {Pair} title
 * @property {Pair} order what to do with the passenger
 * @property {Pair | null} text for the passenger
 * @property {Pair | null} step for the staff
 * @property {Pair | null} used
 * @property {Pair[]} notes
 */

/** @type {Pair} */
const PASS = ['放行', 'Admit'];
/** @type {Pair} */
const LOOK = ['核查后可放行', 'Look, then admit'];
/** @type {Pair} */
const DECIDE = ['请人工核验', 'Check by hand'];
/** @type {Pair} */
const STOP = ['不放行', 'Do not admit'];
/** @type {Pair} */
const FLAGGED = ['请核查', 'Take a look'];

/**
 * Returns the advice of a reason; one of a later version is a fault of the gate's side.
 * @param {string} reason
 * @param {string} of class
 */
export function adviceOf(reason, of) {
  return ADVICE[reason] ?? ADVICE[`${reason}/${of}`] ?? ADVICE[`${reason}/passenger`] ?? ADVICE.internal_error;
}

/**
 * Returns what is to be looked at.
 * @param {Verdict} verdict
 */
function notesOf({ flags, ticket, passback, state }) {
  const notes = [
    flags.includes('ticket') && TICKET_STATES[ticket?.state ?? 'unknown'],
    flags.includes('passback') && PASSBACK_STATES[passback?.reach ?? 'unknown'],
    flags.includes('data') && DATA_STATES[state],
  ];
  return notes.filter((note) => typeof note === 'object' && note !== null);
}

/**
 * Returns the words of a verdict.
 * @param {Verdict} verdict
 * @returns {Words}
 */
export function wordsOf(verdict) {
  const { reason, passback } = verdict;
  const light = lightOf(verdict);
  const admits = reason === 'ok';
  const advice = adviceOf(reason, verdict.class);
  const result = passback && PASSBACK_RESULTS[passback.result];
  return {
    light, admits,
    title: admits && light === 'amber' ? FLAGGED : advice.title,
    order: light === 'green' ? PASS : light === 'red' ? STOP : admits ? LOOK : DECIDE,
    text: admits ? null : [verdict.text.zh, verdict.text.en],
    step: advice.step,
    used: passback && result ? fill(result, span(passback.age)) : null,
    notes: admits && light === 'amber' ? notesOf(verdict) : [],
  };
}
