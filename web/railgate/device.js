/**
 * A handheld without a network: docs/offline.md, section 4. It gives the verdicts of a gateway that is cut off from the
 * others and has the same data.
 * @module
 */

import { check } from './check.js';
import { hex, parseText, Refused, SCOPES } from './code.js';
import { PASSED, Passages, REPEAT, WAYS } from './passages.js';
import { Store } from './store.js';
import { Bookings, stationOf } from './tickets.js';

/** Bound of the scans that a device remembers and has not uploaded. */
const MAX_OWN = 10_000;
/** Actions of a policy. */
const [DENY, FLAG, SERVE] = [0, 1, 2];
/** Modes of a policy. */
const [OFF, MARK, ENFORCE] = [0, 1, 2];
/** Reach of passages: 0 unknown, 1 local, 2 exact. */
const [UNKNOWN, LOCAL] = [0, 1];

const TICKET_SCOPES = ['verify', 'entry', 'exit', 'onboard'];
/** @type {Record<import('./tickets.js').Held, string>} */
const TICKET_REASONS = { unknown: 'no_booking_data', none: 'no_ticket', early: 'too_early', late: 'train_departed', held: 'ok' };

/**
 * The answer to a scan. Only reason `ok` admits.
 * @typedef {object} Verdict
 * @property {string} reason
 * @property {'no_bundle' | 'fresh' | 'stale' | 'expired' | 'clock_doubted'} state
 * @property {boolean} flagged admitted, and the policy asks for a second look
 * @property {number} at time that the scan was judged at, Unix ms
 * @property {number | null} age of the data at that time, ms
 * @property {import('./tickets.js').Ticket} [ticket] missing if the policy does not ask
 * @property {{outcome: string, age: number, reach: number}} [passback] missing if the scan leaves no passage
 * @property {import('./code.js').Code} [code] of an admitted scan
 * @property {Upload} [upload] what is to be reported of the scan: keep it before the verdict is shown
 */

/**
 * A scan to report when there is a network. After it was reported its code is empty, and it only refuses a second use.
 * @typedef {{code: string, scope: string, train?: string, at: number, key: string, sent: boolean, passage: {serial: string, way: number, at: number, step: number}}} Upload
 */

/** Checks codes without a network, from bundles and its own scans. */
export class Device extends Store {
  /**
   * @param {import('./proofs.js').Proofs} proofs of the pinned authority
   * @param {string} device
   */
  constructor(proofs, device) {
    super(proofs, device);
    /** @type {Upload[]} scans that left a passage, oldest first */
    this.own = [];
    /** @type {Passages | null} */
    this.table = null;
    /** @type {Bookings | null} */
    this.bookings = null;
    this.station = '';
  }

  /**
   * @param {Uint8Array} raw
   * @param {import('./clock.js').Clock | null} clock
   * @override
   */
  async accept(raw, clock) {
    await super.accept(raw, clock);
    const { policy, bookings } = /** @type {import('./bundle.js').Bundle} */ (this.newest).content;
    this.station = policy.station && await stationOf(policy.station);
    this.bookings = bookings ? new Bookings(bookings.bodies) : null;
    this.table = policy.passback.mode === OFF ? null : this.rebuilt(policy.passback.window * 1000);
  }

  /**
   * Returns the passages of the newest bundle and of own scans. Uploaded scans that the window has left are forgotten.
   * @param {number} window ms
   */
  rebuilt(window) {
    const table = new Passages(window);
    this.drop((this.newest?.made ?? 0) - table.window);
    for (const { passage } of this.own) table.add(passage.serial, passage.way, { ...passage, place: 'own', state: PASSED });
    // Those that were uploaded, or whose answer was lost, come back. The gateway dates the latter by its own clock.
    const own = new Map(this.own.map(({ passage: p }) => [`${p.serial} ${p.way} ${p.step}`, p.at]));
    for (const p of this.passages?.list ?? []) {
      const serial = `${p.day}-${p.index}`;
      const at = own.get(`${serial} ${p.way} ${p.step}`);
      if (p.state !== PASSED || at === undefined || Math.abs(p.at - at) >= REPEAT) {
        table.add(serial, p.way, { at: p.at, place: 'another', step: p.step, state: p.state });
      }
    }
    return table;
  }

  /**
   * Forgets uploaded scans before a time.
   * @param {number} time Unix ms
   */
  drop(time) {
    this.own = this.own.filter((upload) => !upload.sent || upload.at >= time);
  }

  /**
   * Forgets what no scan at a time or later can meet. Without it a device that gets no bundles would grow.
   * @param {number} at Unix ms
   */
  prune(at) {
    if (this.table) this.drop(at - this.table.window);
    this.table?.forget(at);
  }

  /**
   * Takes the scans of an earlier run.
   * @param {Upload[]} own oldest first
   */
  restore(own) {
    this.own = own;
    if (this.table) this.table = this.rebuilt(this.table.window);
  }

  /**
   * Remembers a passage that the gateway admitted at this device, so that it refuses a second use without a network, too.
   * @param {import('./code.js').Code} code
   * @param {string} scope
   * @param {number} at Unix ms
   * @returns {Upload | null} null if there is nothing to remember
   */
  admitted(code, scope, at) {
    const way = WAYS[scope];
    if (!this.table || way === undefined || this.own.length >= MAX_OWN) return null;
    const passage = { serial: code.serial, way, at, step: code.step };
    this.table.add(code.serial, way, { at, place: 'own', step: code.step, state: PASSED });
    const own = { code: '', scope, at, key: `${code.serial} ${way} ${at}`, sent: true, passage };
    this.own.push(own);
    return own;
  }

  /**
   * Reports whether the device has a passage of a code that the gateway does not know yet. Only the device can judge it.
   * @param {import('./code.js').Code} code
   * @param {string} scope
   * @param {number} at Unix ms
   */
  holds(code, scope, at) {
    const window = this.table?.window ?? 0;
    return WAYS[scope] !== undefined && this.own.some((own) => !own.sent && own.passage.serial === code.serial && at - own.at < window);
  }

  /**
   * Judges a scan and remembers it if it leaves a passage: the code, the ticket, and last the passage.
   * @param {{text: string, scope: string, train?: string, clock: import('./clock.js').Clock}} scan
   * @returns {Promise<Verdict>}
   */
  async scan(scan) {
    const { verdict, action } = this.judgeTime(scan.clock);
    if (action === DENY) return verdict;
    verdict.flagged = action === FLAG;
    verdict.reason = await this.judge(scan, verdict);
    verdict.flagged &&= verdict.reason === 'ok';
    return verdict;
  }

  /**
   * Returns time, age and state, and the action of the policy. Where it denies, the verdict has the reason.
   * @param {import('./clock.js').Clock} clock
   * @returns {{verdict: Verdict, action: number}}
   */
  judgeTime(clock) {
    /** @type {Verdict} */
    const verdict = { reason: 'no_revocation_data', state: 'no_bundle', flagged: false, at: clock.wall, age: null };
    const { newest, policy } = this;
    if (!newest || !policy) return { verdict, action: DENY };
    const { at, how } = this.time.now(clock);
    verdict.at = at;
    verdict.age = Math.max(0, at - newest.watermark);
    if (how === 'unknown') return { verdict: { ...verdict, state: 'clock_doubted', reason: 'scan_time_refused' }, action: DENY };
    const seconds = Math.floor(verdict.age / 1000);
    verdict.state = seconds >= policy.expiredAfter ? 'expired' : seconds >= policy.staleAfter ? 'stale' : 'fresh';
    let action = verdict.state === 'expired' ? policy.actions.expired : verdict.state === 'stale' ? policy.actions.stale : SERVE;
    verdict.reason = 'stale_revocation_data';
    if (action !== DENY && how === 'anchored') {
      verdict.state = 'clock_doubted';
      verdict.reason = 'scan_time_refused';
      action = Math.min(action, policy.actions.doubted);
    }
    return { verdict, action };
  }

  /**
   * Returns the reason of a scan whose time is known.
   * @param {{text: string, scope: string, train?: string}} scan
   * @param {Verdict} verdict
   */
  async judge(scan, verdict) {
    const policy = /** @type {import('./sections.js').Policy} */ (this.policy);
    try {
      const code = parseText(scan.text);
      if (!(policy.scopes >> SCOPES.indexOf(scan.scope) & 1)) return 'wrong_scope';
      const reason = await check(code, Math.floor(verdict.at / 1000), scan.scope, this.knowledge());
      if (reason !== 'ok') return reason;
      const ticket = this.requireTicket(code, scan, policy, verdict);
      const last = ticket === 'ok' ? await this.usePassage(code, scan, policy, verdict) : ticket;
      if (last === 'ok') verdict.code = code;
      return last;
    } catch (err) {
      if (err instanceof Refused) return err.reason;
      throw err;
    }
  }

  /**
   * Looks up the ticket of a code's holder and applies the policy.
   * @param {import('./code.js').Code} code
   * @param {{scope: string, train?: string}} scan
   * @param {import('./sections.js').Policy} policy
   * @param {Verdict} verdict
   */
  requireTicket(code, scan, policy, verdict) {
    if (policy.ticket.mode === OFF || !TICKET_SCOPES.includes(scan.scope)) return 'ok';
    verdict.ticket = this.lookTicket(code, scan, policy, verdict.at);
    const { held } = verdict.ticket;
    if (held === 'held') return 'ok';
    const action = held === 'unknown' ? policy.ticket.unknown : policy.ticket.mode === MARK ? FLAG : DENY;
    verdict.flagged ||= action === FLAG;
    return action === DENY ? TICKET_REASONS[held] : 'ok';
  }

  /**
   * Returns the ticket. A bundle has the bookings of one train: that a passenger has none is known only for that train,
   * and only if the gateway keeps the bookings of all stations and lost none.
   * @param {import('./code.js').Code} code
   * @param {{scope: string, train?: string}} scan
   * @param {import('./sections.js').Policy} policy
   * @param {number} at Unix ms
   * @returns {import('./tickets.js').Ticket}
   */
  lookTicket(code, { scope, train = '' }, policy, at) {
    const section = this.newest?.content.bookings;
    if (!section || !this.bookings || at - section.watermark >= policy.expiredAfter * 1000) return { held: 'unknown' };
    const ticket = this.bookings.look(code, { scope, train, station: this.station, at: Math.floor(at / 1000), opens: policy.ticket.opens });
    const certain = scope === 'onboard' && train === section.train && section.whole && !section.lost.includes(code.day);
    return ticket.held === 'held' || certain ? ticket : { held: 'unknown' };
  }

  /**
   * Decides whether a code was used before, and uses it up.
   * @param {import('./code.js').Code} code
   * @param {{text: string, scope: string, train?: string}} scan
   * @param {import('./sections.js').Policy} policy
   * @param {Verdict} verdict
   */
  async usePassage(code, scan, policy, verdict) {
    const way = WAYS[scan.scope];
    if (way === undefined) return 'ok';
    const key = await uploadKey(this.device, scan.text, verdict.at); // first: a bundle must not come between the attempt and own
    if (!this.table || this.amnesty(this.station, scan.scope, Math.floor(verdict.at / 1000))) return 'ok';
    const reach = this.passages ? Math.min(this.passages.reach, LOCAL) : UNKNOWN;
    const action = reach === UNKNOWN || this.own.length >= MAX_OWN ? policy.passback.unknown : policy.passback.local;
    if (action === DENY) return 'no_passage_data';
    verdict.flagged ||= action === FLAG;
    const passage = { serial: code.serial, way, at: verdict.at, step: code.step };
    const { outcome, age } = this.table.attempt(code.serial, way, { at: verdict.at, place: 'own', step: code.step }, this.forgiven.get(code.serial) ?? 0);
    verdict.passback = { outcome, age, reach };
    if (outcome === 'repeated') return 'ok';
    if (outcome === 'used') {
      if (policy.passback.mode === ENFORCE) return 'already_used';
      verdict.flagged = true;
    }
    if (this.own.length < MAX_OWN) {
      verdict.upload = { code: scan.text, scope: scan.scope, train: scan.train, at: verdict.at, key, sent: false, passage };
      this.own.push(verdict.upload);
    }
    return 'ok';
  }

  /**
   * Returns the scans that were not uploaded yet, oldest first.
   * @param {number} most
   */
  pending(most) {
    return this.own.filter((upload) => !upload.sent).slice(0, most);
  }

  /**
   * Notes that the gateway answered for scans. They still refuse second uses until their window is over.
   * @param {string[]} keys
   */
  uploaded(keys) {
    const answered = new Set(keys);
    for (const upload of this.own) {
      if (!answered.has(upload.key)) continue;
      upload.sent = true;
      upload.code = '';
    }
  }
}

/**
 * Names a scan: the same whenever it is reported. 32 hexadecimal digits.
 * @param {string} device
 * @param {string} text of the code
 * @param {number} at Unix ms
 */
export async function uploadKey(device, text, at) {
  const encoder = new TextEncoder();
  const name = encoder.encode(device);
  const time = new Uint8Array(8);
  new DataView(time.buffer).setBigUint64(0, BigInt(at));
  const input = await new Blob([encoder.encode('railgate/upload/v1'), Uint8Array.of(name.length), name, time, encoder.encode(text)]).arrayBuffer();
  const sum = new Uint8Array(await crypto.subtle.digest('SHA-256', input)).subarray(0, 16);
  return hex(sum);
}
