/**
 * The bundles of a handheld: fetched once a minute, kept over restarts as the bytes that the gateway signed, and given to the
 * reader again at the start.
 * @module
 */

import { DocumentRefused } from '../../railgate/reader.js';
import { NoAnswer } from './gateway.js';

/** @typedef {import('./storage.js').Change} Change */

/** Pauses, ms: after a bundle, after a failure, and after an answer that only people can change. */
const EVERY = 60_000;
const AGAIN = 10_000;
const REFUSED = 300_000;
/** Deltas and their bytes after which the next bundle is a full one: an hour's, and no more than a full one usually has. */
const MOST_DELTAS = 60;
const MOST_DELTA_BYTES = 4 << 20;
/** Deltas that are used but not stored, after a bundle that could not be stored, before a full one is tried again. */
const MOST_UNSTORED = 10;
/** Refusals after which a delta is no use: the next bundle is a full one. */
const NEEDS_FULL = ['no_base', 'rolled_back', 'contradict'];

export class Bundles {
  /**
   * @param {{device: import('../../railgate/device.js').Device, storage: import('./storage.js').Storage, clocks: import('./clocks.js').Clocks}} of
   */
  constructor({ device, storage, clocks }) {
    this.device = device;
    this.storage = storage;
    this.clocks = clocks;
    /** @type {string[]} keys of the stored bundles, the full one first */
    this.stored = [];
    this.deltaBytes = 0;
    this.size = 0; // of all stored, bytes
    this.sequence = 0;
    this.full = true; // the next one has to be
    this.unstored = 0; // accepted after those that are stored
    this.proofs = 0; // stored ones
    /** Why the last one was not accepted: a code of docs/offline.md, section 5, or a Cause; null after a good one. */
    this.fault = /** @type {string | null} */ (null);
    this.due = -Infinity; // steady, ms
    /** @type {Promise<void> | null} */
    this.running = null;
  }

  /** Gives the stored bundles to the reader. One that it refuses is erased, and those after it. */
  async restore() {
    const { device, storage } = this;
    try {
      await device.proofs.add(await storage.get('state', 'proofs') ?? []);
    } catch {
      await storage.write([{ area: 'state', key: 'proofs' }]).catch(() => {});
    }
    this.proofs = device.proofs.all.length;
    device.time.latest = Math.max(device.time.latest, Number(await storage.get('state', 'latest')) || 0);
    const entries = await storage.list('bundles');
    for (const [i, [key, raw]] of entries.entries()) {
      try {
        await device.accept(new Uint8Array(raw), null);
      } catch (err) {
        if (!(err instanceof DocumentRefused)) throw err;
        await storage.write(entries.slice(i).map(([late]) => ({ area: 'bundles', key: late }))).catch(() => {});
        break;
      }
      this.note(key, raw.length, device.newest?.since === 0);
    }
  }

  /**
   * @param {string} key
   * @param {number} size
   * @param {boolean} full
   */
  note(key, size, full) {
    if (full) {
      this.stored = [];
      this.deltaBytes = this.size = 0;
    } else {
      this.deltaBytes += size;
    }
    this.size += size;
    this.stored.push(key);
    this.sequence = Number(key);
    this.full = this.stored.length > MOST_DELTAS || this.deltaBytes > MOST_DELTA_BYTES;
  }

  /**
   * Fetches a bundle and accepts it. Calls while one is fetched wait for that one.
   * @param {import('./gateway.js').Gateway} gateway
   * @param {string} train
   */
  fetch(gateway, train) {
    this.running ??= this.fetchOnce(gateway, train).finally(() => { this.running = null; });
    return this.running;
  }

  /**
   * @param {import('./gateway.js').Gateway} gateway
   * @param {string} train
   */
  async fetchOnce(gateway, train) {
    const { device, clocks } = this;
    const since = this.full ? undefined : device.newest?.watermark;
    try {
      const { raw, clock } = await gateway.bundle({ train, since, clocks });
      await device.accept(raw, clock);
      device.time.latest = device.newest?.made ?? 0; // a wall clock that was ahead told later ones
      this.fault = null;
      this.due = clocks.steady() + EVERY;
      await this.keep(raw);
    } catch (err) {
      if (err instanceof NoAnswer) {
        this.fault = err.why;
        this.due = clocks.steady() + Math.max(err.after, ['unauthorized', 'not_allowed', 'defect'].includes(err.why) ? REFUSED : AGAIN);
      } else if (err instanceof DocumentRefused) {
        const retry = since !== undefined && NEEDS_FULL.includes(err.code);
        if (retry) this.full = true;
        this.fault = err.code;
        this.due = clocks.steady() + (retry ? 0 : EVERY);
      } else {
        throw err;
      }
    }
  }

  /**
   * Stores an accepted bundle, in place of all others if it is full. If that fails, the older ones are still a whole.
   * @param {Uint8Array} raw
   */
  async keep(raw) {
    const { device, storage } = this;
    const full = device.newest?.since === 0;
    if (!full && this.unstored > 0) {
      this.full = ++this.unstored > MOST_UNSTORED; // it follows one that is not stored
      return;
    }
    const key = String(this.sequence + 1).padStart(12, '0');
    /** @type {Change[]} */
    const changes = full ? this.stored.map((old) => ({ area: 'bundles', key: old })) : [];
    changes.push({ area: 'bundles', key, value: raw }, { area: 'state', key: 'latest', value: device.time.latest });
    const proofs = device.proofs.all.length;
    if (proofs !== this.proofs) changes.push({ area: 'state', key: 'proofs', value: device.proofs.all.map((proof) => proof.raw.slice()) });
    try {
      await storage.write(changes);
    } catch {
      this.unstored = 1;
      this.full = false;
      return;
    }
    this.unstored = 0;
    this.proofs = proofs;
    this.note(key, raw.length, full);
  }
}
