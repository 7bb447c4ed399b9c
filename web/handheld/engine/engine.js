/**
 * A handheld without its screen: it judges codes, online by its gateway and offline by itself, says why it does which, keeps
 * what must not be lost, and reports it. docs/offline.md, sections 4 and 8.
 * @module
 */

import { unhex } from '../../railgate/code.js';
import { Proofs } from '../../railgate/proofs.js';
import { Clocks } from './clocks.js';
import { checked, Handheld } from './handheld.js';
import { Only } from './only.js';
import { Seal } from './sealed.js';
import { parseSetup, SetupRefused } from './setup.js';
import { statusOf } from './status.js';
import { MemoryStorage, openStorage } from './storage.js';
import { fromDevice } from './verdict.js';

export { SetupRefused } from './setup.js';

/** @typedef {import('./verdict.js').Verdict} Verdict */
/** @typedef {import('./setup.js').Setup} Setup */
/** @typedef {import('./status.js').Status} Status */

/** Interval of the background work, ms. */
const TICK = 1000;
/** Interval of pruning and of storing the time, ms. */
const PRUNE = 60_000;

/**
 * What a test may replace.
 * @typedef {object} Deps
 * @property {typeof fetch} [fetch]
 * @property {import('./storage.js').Storage} [storage]
 * @property {() => number} [wall] Unix ms
 * @property {() => number} [steady] ms
 * @property {LockManager | null} [locks] null: no other page can be noticed
 * @property {typeof import('./gateway.js').BOUNDS} [bounds] on requests, ms
 * @property {() => number} [random]
 */

export class Engine {
  /**
   * @param {import('./storage.js').Storage} storage
   * @param {Deps} deps
   */
  constructor(storage, deps) {
    this.storage = storage;
    this.deps = deps;
    this.clocks = new Clocks(deps.wall, deps.steady);
    /** @type {'unprovisioned' | 'ready' | 'other_tab'} */
    this.state = 'unprovisioned';
    /** @type {Handheld | null} */
    this.handheld = null;
    this.scope = '';
    this.train = '';
    /** @type {Set<() => void>} */
    this.listeners = new Set();
    /** @type {Map<string, Promise<Verdict>>} scans in progress */
    this.scanning = new Map();
    /** @type {ReturnType<typeof setInterval> | undefined} */
    this.timer = undefined;
    this.ticking = false;
    this.pruned = this.clocks.steady();
    this.only = new Only(deps.locks === undefined ? globalThis.navigator?.locks : deps.locks);
    this.onOnline = () => this.handheld?.link.found();
    this.onOffline = () => this.handheld?.link.lost();
  }

  /**
   * Opens the handheld of this browser as it was left.
   * @param {Deps} [deps]
   */
  static async open(deps = {}) {
    const engine = new Engine(deps.storage ?? await openStorage(), deps);
    if (await engine.only.take(() => engine.restore())) await engine.restore();
    else engine.state = 'other_tab';
    return engine;
  }

  /** Reads settings, bundles, scans and findings from the storage. One that cannot be read is replaced by memory. */
  async restore() {
    this.state = 'unprovisioned';
    try {
      await this.read();
    } catch {
      this.storage = new MemoryStorage();
      this.handheld = null;
    }
    this.changed();
  }

  async read() {
    const seal = await Seal.of(this.storage);
    const setup = await seal.open(await this.storage.get('state', 'setup'));
    if (!setup) return;
    await this.assemble(setup, seal);
    const use = await this.storage.get('state', 'use');
    if (setup.scopes.includes(use?.scope)) this.scope = use.scope;
    if (isTrain(use?.train)) this.train = use.train;
  }

  /**
   * @param {Setup} setup
   * @param {Seal} seal
   */
  async assemble(setup, seal) {
    const { storage, clocks, deps } = this;
    this.handheld = await Handheld.restore(setup, { seal, storage, clocks, deps, changed: () => this.changed() });
    [this.scope] = setup.scopes;
    this.state = 'ready';
  }

  /**
   * Sets the handheld up. The same device of the same authority keeps its bundles, scans and findings.
   * @param {string} text of a QR code, or pasted: see parseSetup
   * @throws {SetupRefused}
   */
  async provision(text) {
    if (this.state === 'other_tab') throw new SetupRefused('other_tab');
    const setup = parseSetup(text.trim());
    await Proofs.of(unhex(setup.authority)).catch(() => { throw new SetupRefused('authority'); });
    const before = this.handheld?.setup;
    if (before && (before.device !== setup.device || before.authority !== setup.authority)) await this.forget({ force: false });
    await this.handheld?.scans.save(this.handheld.device.time.latest);
    const seal = await Seal.of(this.storage);
    const { scope } = this;
    await this.storage.write([{ area: 'state', key: 'setup', value: await seal.close(setup) }]).catch(() => {});
    await this.assemble(setup, seal);
    if (setup.scopes.includes(scope)) this.scope = scope;
    if (this.storage.lasting) void globalThis.navigator?.storage?.persist?.();
    this.changed();
  }

  /**
   * Erases settings, credential, bundles and scans.
   * @param {{force?: boolean}} [how] force: also if scans wait to be reported, which are lost then
   * @throws {SetupRefused} uploads_waiting
   */
  async forget({ force = false } = {}) {
    if (this.state === 'other_tab') throw new SetupRefused('other_tab');
    if (!force && (this.handheld?.scans.waiting.length ?? 0) > 0) throw new SetupRefused('uploads_waiting');
    this.handheld = null;
    this.state = 'unprovisioned';
    this.scope = this.train = '';
    await this.storage.clear();
    this.changed();
  }

  /** @returns {{device: string, station: string, scopes: string[]} | null} */
  get settings() {
    if (!this.handheld) return null;
    const { device, station, scopes } = this.handheld.setup;
    return { device, station, scopes };
  }

  /**
   * Chooses what codes are checked for.
   * @param {string} scope one of the settings
   */
  async setScope(scope) {
    if (!this.handheld?.setup.scopes.includes(scope)) throw new RangeError('not a scope of this device');
    this.scope = scope;
    if (this.handheld.link.why === 'not_allowed') this.handheld.link.found(); // the gateway may allow this one
    await this.keepUse();
  }

  /**
   * Chooses the train that is inspected, whose bookings the next bundle has.
   * @param {string} train as in `G101`; '' for none
   * @throws {RangeError} not 1 to 8 capital letters and digits
   */
  async setTrain(train) {
    if (!isTrain(train)) throw new RangeError('not a train');
    if (train === this.train) return;
    this.train = train;
    if (this.handheld) this.handheld.bundles.due = -Infinity;
    await this.keepUse();
  }

  async keepUse() {
    await this.storage.write([{ area: 'state', key: 'use', value: { scope: this.scope, train: this.train } }]).catch(() => {});
    this.changed();
  }

  /**
   * Judges what was scanned. The same text again while it is judged gets the same verdict.
   * @param {string} text as it was read
   * @returns {Promise<Verdict>}
   */
  scan(text) {
    const name = `${this.scope} ${this.train} ${text}`;
    const running = this.scanning.get(name);
    if (running) return running;
    const verdict = this.judge(text).finally(() => {
      this.scanning.delete(name);
      this.changed();
    });
    this.scanning.set(name, verdict);
    return verdict;
  }

  /** @param {string} text */
  async judge(text) {
    const { handheld, clocks } = this;
    if (handheld) return handheld.judge(text, this.use);
    return fromDevice({ reason: 'no_revocation_data', state: 'no_bundle', flagged: false, at: clocks.wall(), age: null }, this.use);
  }

  /** What codes are checked for. Only on board the train matters to a check. */
  get use() {
    return { scope: this.scope, train: this.scope === 'onboard' ? this.train : '' };
  }

  /** @returns {Status} */
  get status() {
    return statusOf(this.handheld, this.state, this.storage);
  }

  /**
   * Calls a function after each change of state, settings or status. The age of the bundle changes all the time: ask for it.
   * @param {() => void} listener
   * @returns {() => void} ends it
   */
  on(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  changed() {
    for (const listener of this.listeners) listener();
  }

  /** @returns {Promise<import('./findings.js').Conflict[]>} newest first */
  async conflicts() {
    return this.handheld?.findings.conflicts() ?? [];
  }

  /** @returns {Promise<import('./findings.js').Refusal[]>} scans that the gateway refused when they were reported, newest first */
  async refusals() {
    return this.handheld?.findings.refusals() ?? [];
  }

  /**
   * Notes that staff saw a conflict, or a scan that was refused.
   * @param {string} id
   */
  async acknowledgeConflict(id) {
    await this.handheld?.findings.acknowledge(id, this.clocks.wall());
    this.changed();
  }

  /** Reports the scans that wait. What fails is tried again by itself; the status says how many wait. */
  async uploadNow() {
    const { handheld } = this;
    if (!handheld) return;
    try {
      await handheld.scans.report(handheld.gateway);
    } catch (err) {
      checked(err); // it says nothing about checks: batches are refused before them
    } finally {
      this.changed();
    }
  }

  /** Fetches a bundle now. The status says whether that worked. */
  async fetchBundle() {
    const { handheld } = this;
    if (!handheld) return;
    await handheld.bundles.fetch(handheld.gateway, this.train);
    this.changed();
  }

  /** Starts the background work: probes, bundles, reports. */
  start() {
    if (this.timer !== undefined) return;
    this.timer = setInterval(() => void this.tick(), TICK);
    globalThis.addEventListener?.('online', this.onOnline);
    globalThis.addEventListener?.('offline', this.onOffline);
    if (globalThis.navigator?.onLine === false) this.onOffline();
    void this.tick();
  }

  /** Ends the background work. */
  stop() {
    clearInterval(this.timer);
    this.timer = undefined;
    globalThis.removeEventListener?.('online', this.onOnline);
    globalThis.removeEventListener?.('offline', this.onOffline);
  }

  /** Ends the background work and lets another page be the handheld. */
  close() {
    this.stop();
    this.only.release();
  }

  /** Does what is due. */
  async tick() {
    const now = this.clocks.read().steady;
    const { handheld } = this;
    if (!handheld || this.ticking) return;
    this.ticking = true;
    try {
      if (handheld.link.due) await handheld.probe({ scope: this.scope, train: this.train });
      if (handheld.link.mode === 'online') {
        if (handheld.scans.waiting.length > 0 && now >= handheld.scans.due) await this.uploadNow();
        if (now >= handheld.bundles.due && !handheld.bundles.running) void this.fetchBundle();
      }
      if (handheld.scans.unsaved.length > 0) await handheld.scans.save(handheld.device.time.latest);
      if (now >= this.pruned + PRUNE) {
        this.pruned = now;
        await handheld.prune();
      }
    } finally {
      this.ticking = false;
    }
  }
}

/** @param {unknown} train */
function isTrain(train) {
  return typeof train === 'string' && /^[0-9A-Z]{0,8}$/.test(train);
}
