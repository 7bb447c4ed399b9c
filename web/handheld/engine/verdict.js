/**
 * Verdicts as a handheld shows them, from the gateway's answers and from its own judgement.
 * @module
 */

import { REASONS } from '../../railgate/reasons.js';

/**
 * A verdict. Only reason `ok` admits.
 * @typedef {object} Verdict
 * @property {'green' | 'amber' | 'red'} light see lightOf
 * @property {string} reason of docs/token-format.md, section 11
 * @property {string} class `ok`, `passenger`, `fraud`, `issuer` or `verifier`
 * @property {{zh: string, en: string}} text for the passenger, with the next step
 * @property {'online' | 'offline'} source who judged: the gateway, or the handheld itself
 * @property {boolean} flagged admitted, and staff should look
 * @property {('data' | 'ticket' | 'passback')[]} flags what to look at
 * @property {string} state of the data: online `fresh`, `stale`, `expired`, `suspect`, `booting`; offline `no_bundle`, `fresh`,
 * `stale`, `expired`, `clock_doubted`
 * @property {number | null} age of the data, ms; null: there is none
 * @property {number} at time of the scan, Unix ms
 * @property {string} scope
 * @property {string} [serial] of an admitted code
 * @property {number} [left] seconds until the session of an admitted code ends
 * @property {{state: 'held' | 'early' | 'late' | 'none' | 'unknown', train?: string, departs?: number, coach?: string, seat?: string}} [ticket]
 * departs in Unix seconds; missing if the policy does not ask
 * @property {{result: 'first' | 'held' | 'repeated' | 'used' | 'forgiven' | 'amnesty' | 'not_counted', age: number, reach: string}} [passback]
 * age of the earlier passage, ms; reach `exact`, `local`, `unknown` or `full`
 * @property {string} key different for each scan of this page
 */

/** @typedef {Verdict['ticket']} Ticket */

let scans = 0;

/**
 * Returns a name that differs for each scan of this page.
 * @param {number} at
 */
export function keyOf(at) {
  return `${at}-${++scans}`;
}

/**
 * Returns the verdict of the gateway.
 * @param {import('./gateway.js').Answer} answer
 * @param {{at: number, scope: string}} scan
 * @returns {Verdict}
 */
export function fromAnswer(answer, { at, scope }) {
  const { reason, revocation, passback, ticket } = answer;
  const admitted = answer.verdict === 'allow';
  const known = meaningOf(reason, answer.class);
  /** @type {Verdict['flags']} */
  const flags = [];
  if (admitted && revocation.flagged) flags.push('data');
  if (admitted && ticket?.flagged) flags.push('ticket');
  if (admitted && passback?.flagged) flags.push('passback');
  /** @type {Verdict} */
  const verdict = {
    ...known, light: lightOf({ ...known, flagged: flags.length > 0 }), text: textIn(answer.text) ?? known.text, source: 'online', flagged: flags.length > 0, flags,
    state: revocation.state, age: revocation.age_ms >= 0 ? revocation.age_ms : null, at, scope, key: keyOf(at),
  };
  if (admitted) Object.assign(verdict, { serial: answer.serial, left: answer.seconds_left });
  if (ticket) {
    const { state, train, departs_at: departs, coach, seat } = ticket;
    verdict.ticket = /** @type {Ticket} */ ({ state, train, departs, coach, seat });
  }
  if (passback) verdict.passback = { result: /** @type {any} */ (passback.result), age: passback.age_ms, reach: passback.state };
  return verdict;
}

/** @type {Record<string, 'first' | 'repeated' | 'used'>} */
const OUTCOMES = { admitted: 'first', repeated: 'repeated', used: 'used' };
const REACHES = ['unknown', 'local', 'exact'];

/**
 * Returns the verdict of the handheld itself.
 * @param {import('../../railgate/device.js').Verdict} own
 * @param {{scope: string}} scan
 * @param {Verdict['source']} [source] online: the gateway would say the same
 * @returns {Verdict}
 */
export function fromDevice(own, { scope }, source = 'offline') {
  /** @type {Verdict['flags']} */
  const flags = [];
  if (own.flagged && own.state !== 'fresh') flags.push('data');
  if (own.flagged && own.ticket && own.ticket.held !== 'held') flags.push('ticket');
  if (own.flagged && (own.passback?.outcome === 'used' || flags.length === 0)) flags.push('passback');
  const meaning = meaningOf(own.reason);
  /** @type {Verdict} */
  const verdict = {
    ...meaning, light: lightOf({ ...meaning, flagged: own.flagged }), source, flagged: own.flagged, flags, state: own.state, age: own.age, at: own.at, scope,
    key: keyOf(own.at),
  };
  if (own.code) Object.assign(verdict, { serial: own.code.serial, left: leftOf(own.code, own.at) });
  if (own.ticket) {
    const { held, train, departs, coach, seat } = own.ticket;
    verdict.ticket = { state: held, train, departs, coach, seat };
  }
  if (own.passback) verdict.passback = { result: OUTCOMES[own.passback.outcome], age: own.passback.age, reach: REACHES[own.passback.reach] };
  return verdict;
}

/**
 * @param {import('../../railgate/code.js').Code} code
 * @param {number} at Unix ms
 */
function leftOf(code, at) {
  return Math.max(0, Math.min(code.expiry, code.start + code.length * code.period) - Math.floor(at / 1000));
}

/**
 * Returns light, class and text of a reason. An unknown class counts as `verifier`: a later gateway may add some.
 * @param {string} reason
 * @param {string} [of] class, where a reason has two
 * @returns {Pick<Verdict, 'light' | 'reason' | 'class' | 'text'>}
 */
export function meaningOf(reason, of) {
  const all = REASONS.filter((entry) => entry[0] === reason);
  const [, known, en, zh] = all.find((entry) => entry[1] === of) ?? all[0] ?? REASONS[0];
  const party = of === undefined ? known : ['ok', 'passenger', 'fraud', 'issuer'].includes(of) ? of : 'verifier';
  const meaning = { reason, class: party, text: { zh, en } };
  return { ...meaning, light: lightOf({ ...meaning, flagged: false }) };
}

/**
 * Returns the light. A handheld has no barrier, so the colour tells what the staff do: green admits; amber leaves the decision
 * to them, because the verdict is to be looked at, or because the device or its gateway cannot judge; red does not admit.
 * @param {{reason: string, class: string, flagged: boolean}} verdict
 * @returns {Verdict['light']}
 */
export function lightOf({ reason, class: party, flagged }) {
  if (reason === 'ok') return flagged ? 'amber' : 'green';
  return ['passenger', 'issuer', 'fraud'].includes(party) ? 'red' : 'amber';
}

/** @param {any} text */
function textIn(text) {
  return typeof text?.zh === 'string' && typeof text?.en === 'string' ? { zh: text.zh, en: text.en } : null;
}
