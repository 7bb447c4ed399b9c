/**
 * What a device has of the bundles that it accepted: docs/offline.md, sections 3.3 and 4.1.
 * @module
 */

import { openBundle } from './bundle.js';
import { Timeline } from './clock.js';
import { dayOf, SCOPES } from './code.js';
import { DocumentRefused } from './reader.js';
import { Serials } from './serials.js';

/** How long a passage matters at least, ms: the life of a code. */
export const CODE_LIFE = 125_000;

/** The state after all accepted bundles. A refused bundle changes nothing. */
export class Store {
  revoked = new Serials();
  /** @type {Map<number, Serials>} by issuer key */
  exempt = new Map();
  /** @type {Map<string, number>} by subject, Unix seconds */
  cutoffs = new Map();
  /** @type {Set<string>} serial and start */
  closed = new Set();
  /** @type {Map<string, number>} by serial, Unix ms */
  forgiven = new Map();
  /** @type {import('./sections.js').Content['passages'] | null} */
  passages = null;

  /**
   * @param {import('./proofs.js').Proofs} proofs of the pinned authority
   * @param {string} device its id in the gateway's settings
   */
  constructor(proofs, device) {
    this.proofs = proofs;
    this.device = device;
    this.time = new Timeline();
    /** @type {import('./bundle.js').Bundle | null} the newest */
    this.newest = null;
  }

  /** Forgets what a full bundle replaces. */
  clear() {
    this.revoked = new Serials();
    this.exempt = new Map();
    this.cutoffs = new Map();
    this.closed = new Set();
    this.forgiven = new Map();
    this.passages = null;
  }

  /** @returns {import('./sections.js').Policy | undefined} */
  get policy() {
    return this.newest?.content.policy;
  }

  /**
   * Opens a bundle and applies it.
   * @param {Uint8Array} raw
   * @param {import('./clock.js').Clock | null} clock when its first byte arrived; null: from a file
   * @throws {DocumentRefused}
   */
  async accept(raw, clock) {
    const bundle = await openBundle(raw, this.proofs);
    const before = this.newest;
    if (bundle.content.policy.device !== this.device) throw new DocumentRefused('device');
    if (before && (bundle.epoch < before.epoch || bundle.watermark < before.watermark)) throw new DocumentRefused('rolled_back');
    if (bundle.since > 0 && (!before || before.watermark < bundle.since)) throw new DocumentRefused('no_base');
    if (this.time.isAhead(bundle.made, clock)) throw new DocumentRefused('ahead');
    if (bundle.since === 0) this.clear();
    this.apply(bundle);
    this.time.accept(bundle.made, clock);
  }

  /**
   * Adds the content of a bundle. Applying a delta a second time changes nothing.
   * @param {import('./bundle.js').Bundle} bundle
   */
  apply(bundle) {
    const { content } = bundle;
    if (content.revoked) this.revoked.add(content.revoked);
    if (content.unrevoked) this.revoked.remove(content.unrevoked);
    for (const [key, set] of content.exempt ?? []) {
      if (!this.exempt.has(key)) this.exempt.set(key, new Serials());
      this.exempt.get(key)?.add(set);
    }
    addLatest(this.cutoffs, content.cutoffs);
    addLatest(this.forgiven, content.forgiven);
    for (const session of content.closed ?? []) this.closed.add(session);
    this.passages = joined(this.passages, content.passages, bundle.made - Math.max(content.policy.passback.window * 1000, CODE_LIFE));
    this.proofs = bundle.proofs;
    this.newest = bundle;
    this.forget(bundle.made / 1000);
  }

  /**
   * Drops serials that cannot matter at a time or later, so that a device can accept deltas for days.
   * @param {number} now Unix seconds
   */
  forget(now) {
    const over = (/** @type {number} */ day) => day < dayOf(now) - 2;
    for (const set of [this.revoked, ...this.exempt.values()]) set.forget(over);
    for (const session of this.closed) if (over(Number(session.split('-')[0]))) this.closed.delete(session);
    for (const serial of this.forgiven.keys()) if (over(Number(serial.split('-')[0]))) this.forgiven.delete(serial);
  }

  /**
   * Returns what a check needs.
   * @returns {import('./check.js').Knowledge}
   */
  knowledge() {
    return {
      key: (id) => {
        const key = this.proofs.issuer.get(id);
        return key && { ...key, exempt: (code) => this.exempt.get(id)?.has(code.day, code.index) ?? false };
      },
      revoked: (code) => this.revoked.has(code.day, code.index),
      cutoff: (subject) => this.cutoffs.get(subject) ?? 0,
      closed: (code) => this.closed.has(`${code.serial} ${code.start}`),
    };
  }

  /**
   * Reports whether a scan neither needs nor leaves a passage.
   * @param {string} station 16 hexadecimal digits
   * @param {string} scope
   * @param {number} at Unix seconds
   */
  amnesty(station, scope, at) {
    return (this.newest?.content.amnesties ?? []).some((a) => a.from <= at && at < a.until &&
      (a.scopes >> SCOPES.indexOf(scope) & 1) === 1 && (a.station === EVERY_STATION || a.station === station));
  }
}

const EVERY_STATION = '0'.repeat(16);

/**
 * @param {Map<string, number>} to
 * @param {Map<string, number> | undefined} from
 */
function addLatest(to, from) {
  for (const [key, value] of from ?? []) to.set(key, Math.max(to.get(key) ?? 0, value));
}

/**
 * Returns the passages of both lists, without those of the older one before a time.
 * @param {import('./sections.js').Content['passages'] | null} older
 * @param {import('./sections.js').Content['passages']} newer
 * @param {number} from Unix ms
 */
function joined(older, newer, from) {
  if (!older || !newer) return newer ?? null;
  const name = (/** @type {import('./sections.js').Passage} */ p) => `${p.day}-${p.index} ${p.way} ${p.state} ${p.step} ${p.at}`;
  const known = new Set(newer.list.map(name));
  const kept = older.list.filter((p) => p.at >= from && !known.has(name(p)));
  return { since: Math.min(older.since, newer.since), reach: newer.reach, list: [...newer.list, ...kept] };
}
