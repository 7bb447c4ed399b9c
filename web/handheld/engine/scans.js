/**
 * The scans of a handheld that left a passage: kept before their verdict is shown, and reported when there is a network.
 * @module
 */

import { NoAnswer } from './gateway.js';
import { placeOf } from './findings.js';
import { meaningOf } from './verdict.js';

/** @typedef {import('../../railgate/device.js').Upload} Upload */
/** @typedef {import('./storage.js').Change} Change */

/** Scans in one batch: 256 are allowed, in 128 KiB. */
const BATCH = 200;
/** How long a code may wait to be reported, ms: docs/integration.md, section 9. The gateway refuses older scans. */
const KEPT = 24 * 3600 * 1000;
/** Pauses before the next try, ms: the first, and the longest. */
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 60_000;

export class Scans {
  /**
   * @param {{device: import('../../railgate/device.js').Device, storage: import('./storage.js').Storage, seal: import('./sealed.js').Seal,
   *   findings: import('./findings.js').Findings, now: () => number, station: string}} of now: steady, ms
   */
  constructor({ device, storage, seal, findings, now, station }) {
    this.device = device;
    this.storage = storage;
    this.seal = seal;
    this.findings = findings;
    this.now = now;
    this.station = station;
    this.size = BATCH;
    this.pause = 0;
    this.due = -Infinity;
    /** @type {Promise<void> | null} */
    this.running = null;
    /** @type {Set<string>} keys that are stored */
    this.stored = new Set();
  }

  /** Returns the scans of an earlier run to the device. */
  async restore() {
    const entries = await this.storage.list('scans');
    const opened = await Promise.all(entries.map(([, text]) => this.seal.open(text)));
    this.stored = new Set(entries.map(([key]) => key));
    this.device.restore(opened.filter(Boolean).sort((a, b) => a.at - b.at));
  }

  /** Scans that wait, oldest first. */
  get waiting() {
    return this.device.own.filter((own) => !own.sent);
  }

  /**
   * Stores a scan. Without room it stays in memory: people see in the status that it does not last.
   * @param {Upload} scan
   * @param {number} latest time that has passed for certain, Unix ms
   */
  async keep(scan, latest) {
    try {
      await this.storage.write([
        { area: 'scans', key: scan.key, value: await this.seal.close(scan) },
        { area: 'state', key: 'latest', value: latest },
      ]);
      this.stored.add(scan.key);
    } catch {
      // it counts as unsaved, and save tries again
    }
  }

  /**
   * Stores what could not be stored before.
   * @param {number} latest as in {@link keep}
   */
  async save(latest) {
    for (const scan of this.unsaved) {
      await this.keep(scan, latest);
      if (!this.stored.has(scan.key)) return;
    }
  }

  /** Scans that are only in memory, because the storage was full or slow. */
  get unsaved() {
    return this.device.own.filter(({ key }) => !this.stored.has(key));
  }

  /**
   * Reports the scans that wait. Calls while that is in progress wait for its end.
   * @param {import('./gateway.js').Gateway} gateway
   * @returns {Promise<void>}
   * @throws {NoAnswer} the remaining ones wait
   */
  report(gateway) {
    this.running ??= this.reportAll(gateway).finally(() => { this.running = null; });
    return this.running;
  }

  /** @param {import('./gateway.js').Gateway} gateway */
  async reportAll(gateway) {
    for (;;) {
      const [first] = this.waiting;
      if (!first) return;
      const { scope, train = '' } = first;
      const batch = this.waiting.filter((own) => own.scope === scope && (own.train ?? '') === train).slice(0, this.size);
      try {
        await this.settle(batch, await gateway.report(batch, { scope, train }));
        this.pause = 0;
        this.size = Math.min(BATCH, this.size * 2);
      } catch (err) {
        if (!(err instanceof NoAnswer)) throw err;
        if (err.why === 'defect') {
          await this.shrink(batch, err);
          continue;
        }
        this.pause = Math.min(LONGEST_PAUSE, Math.max(FIRST_PAUSE, this.pause * 2));
        this.due = this.now() + Math.max(err.after, this.pause * (0.75 + Math.random() / 2));
        throw err;
      }
    }
  }

  /**
   * Sets a scan aside that the gateway cannot read, so that it does not hold up the others, or sends less at a time.
   * @param {Upload[]} batch
   * @param {NoAnswer} failure
   */
  async shrink(batch, failure) {
    const at = failure.scan;
    const wrong = batch.length === 1 ? batch[0] : at !== undefined && failure.code === 'scans_malformed' ? batch[at] : undefined;
    if (wrong) await this.close([wrong], [this.refusal(wrong, 'scan_time_refused', 'verifier')]);
    else this.size = Math.max(1, Math.floor(batch.length / 2));
  }

  /**
   * Notes the answers to scans.
   * @param {Upload[]} batch
   * @param {import('./gateway.js').Answer[]} answers
   */
  async settle(batch, answers) {
    /** @type {import('./findings.js').Finding[]} */
    const found = [];
    for (const [i, scan] of batch.entries()) {
      const { verdict, reason, class: party, passback } = answers[i];
      if (verdict === 'deny') {
        found.push(this.refusal(scan, reason, party));
      } else if (passback?.result === 'used') {
        const gap = passback.age_ms;
        found.push({ kind: 'conflict', item: { ...this.finding(scan), there: placeOf(this.device, scan, gap), gap } });
      }
    }
    await this.close(batch, found);
  }

  /**
   * Drops the codes of scans that were answered, and keeps what was found.
   * @param {Upload[]} scans
   * @param {import('./findings.js').Finding[]} found
   */
  async close(scans, found) {
    this.device.uploaded(scans.map(({ key }) => key));
    const changes = await this.findings.add(found);
    for (const scan of scans) changes.push({ area: 'scans', key: scan.key, value: await this.seal.close(scan) });
    try {
      await this.storage.write(changes);
    } catch {
      // after a restart they are sent again, with the same keys and the same result
    }
  }

  /**
   * @param {Upload} scan
   * @param {string} reason
   * @param {string} party
   * @returns {import('./findings.js').Finding}
   */
  refusal(scan, reason, party) {
    return { kind: 'refusal', item: { ...this.finding(scan), reason, class: meaningOf(reason, party).class } };
  }

  /**
   * @param {Upload} scan
   * @returns {{id: string, serial: string, way: 'entry' | 'exit', here: {at: number, place: string}, decided: null}}
   */
  finding({ key, at, passage }) {
    return { id: key, serial: passage.serial, way: passage.way === 0 ? 'entry' : 'exit', here: { at, place: this.station }, decided: null };
  }

  /**
   * Forgets scans that refuse nothing any more, and codes that waited for a day.
   * @param {number} now Unix ms
   */
  async prune(now) {
    const late = this.waiting.filter(({ at }) => at < now - KEPT);
    if (late.length > 0) await this.close(late, late.map((scan) => this.refusal(scan, 'scan_time_refused', 'verifier')));
    this.device.prune(now);
    const kept = new Set(this.device.own.map(({ key }) => key));
    const over = [...this.stored].filter((key) => !kept.has(key));
    for (const key of over) this.stored.delete(key);
    if (over.length > 0) await this.storage.write(over.map((key) => ({ area: 'scans', key }))).catch(() => {});
  }
}
