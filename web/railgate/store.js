/**
 * What a device has of the bundles that it accepted: docs/offline.md, sections 4.1 and 4.2.
 * @module
 */

import { openBundle } from './bundle.js';
import { Proofs } from './proofs.js';
import { DocumentRefused } from './reader.js';
import { Serials } from './serials.js';

/** How far a bundle may be dated ahead of the time that an earlier one gives, ms. */
const AHEAD = 60_000;

/**
 * The clocks of a device when a bundle arrived.
 * @typedef {object} Clock
 * @property {number} wall Unix ms; people can set it
 * @property {number} steady ms since the start of the device
 * @property {string} boot differs after each start of the device
 */

/** The state after all accepted bundles. A refused bundle changes nothing. */
export class Store {
  /**
   * @param {Proofs} proofs of the pinned authority
   * @param {string} device
   */
  constructor(proofs, device) {
    this.proofs = proofs;
    this.device = device;
    /** @type {import('./bundle.js').Bundle | null} the newest */
    this.newest = null;
    /** @type {{made: number, steady: number, boot: string} | null} */
    this.anchor = null;
    this.revoked = new Serials();
    /** @type {Set<string>} */
    this.closed = new Set();
  }

  /**
   * Opens a bundle and applies it.
   * @param {Uint8Array} raw
   * @param {Clock | null} clock when its first byte arrived; null: from a file
   * @throws {DocumentRefused}
   */
  async accept(raw, clock) {
    const bundle = await openBundle(raw, this.proofs);
    const { content } = bundle;
    if (content.policy.device !== this.device) throw new DocumentRefused('device');
    const before = this.newest;
    if (before && (bundle.epoch < before.epoch || bundle.watermark < before.watermark)) throw new DocumentRefused('rolled_back');
    if (bundle.since > 0 && (!before || before.watermark < bundle.since)) throw new DocumentRefused('no_base');
    const time = clock && this.time(clock);
    if (time && bundle.made > time + AHEAD) throw new DocumentRefused('ahead');
    if (bundle.since === 0) {
      this.revoked = new Serials();
      this.closed = new Set();
    }
    if (content.revoked) this.revoked.add(content.revoked);
    if (content.unrevoked) this.revoked.remove(content.unrevoked);
    for (const session of content.closed ?? []) this.closed.add(session);
    this.proofs = bundle.proofs;
    this.newest = bundle;
    if (clock) this.anchor = { made: bundle.made, steady: clock.steady, boot: clock.boot };
  }

  /**
   * Returns the time, Unix ms, that the steady clock gives since the last bundle; null after a restart of the device.
   * @param {Clock} clock
   */
  time(clock) {
    const { anchor } = this;
    return anchor && anchor.boot === clock.boot && clock.steady >= anchor.steady ? anchor.made + clock.steady - anchor.steady : null;
  }
}
