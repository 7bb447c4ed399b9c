/**
 * A handheld without its screen: it judges codes, online by its gateway and offline by itself, says why it does which, keeps
 * what must not be lost, and reports it. docs/offline.md, sections 4 and 8.
 * @module
 */

import { parseText, Refused, SCOPES, unhex } from '../../railgate/code.js';
import { Device } from '../../railgate/device.js';
import { Proofs } from '../../railgate/proofs.js';
import { Bundles } from './bundles.js';
import { Clocks } from './clocks.js';
import { Findings } from './findings.js';
import { Gateway, NoAnswer } from './gateway.js';
import { Link } from './link.js';
import { Scans } from './scans.js';
import { Seal } from './sealed.js';
import { parseSetup, SetupRefused } from './setup.js';
import { MemoryStorage, openStorage } from './storage.js';
import { fromAnswer, fromDevice, keyOf, meaningOf } from './verdict.js';

export { SetupRefused } from './setup.js';

/** @typedef {import('./verdict.js').Verdict} Verdict */
/** @typedef {import('./setup.js').Setup} Setup */

/** Interval of the background work, ms. */
const TICK = 1000;
/** Interval of pruning and of storing the time, ms. */
const PRUNE = 60_000;
/** How long the switch to online waits for a bundle, ms. */
const BUNDLE_FIRST = 5000;
/** The longest text that the gateway takes, bytes. */
const MAX_TEXT = 1024;
/** Only one page of a browser is the handheld. */
const LOCK = 'railgate-handheld';

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

/**
 * The state of the handheld.
 * @typedef {object} Status
 * @property {'online' | 'offline'} mode
 * @property {import('./link.js').Why | 'no_data' | 'unprovisioned' | 'other_tab'} why `no_data`: offline, and there is no bundle, so
 * every code is refused; otherwise the cause of the mode
 * @property {import('./link.js').Why} cause as `why`, without `no_data`
 * @property {number} since of the mode, Unix ms
 * @property {{made: number, watermark: number, age: number, state: Verdict['state'], size: number, train: string, station: string} | null}
 * bundle times in Unix ms, age in ms, size in bytes; train: whose bookings it has, '' for none
 * @property {string | null} fault why the last bundle was not accepted, null after a good one
 * @property {{waiting: number, oldest: number | null, refused: number, running: boolean}} queue scans to be reported; oldest in
 * Unix ms; refused: those that the gateway refused and that are not acknowledged
 * @property {{lasting: boolean, why: 'denied' | 'failing' | null}} storage
 * @property {number} conflicts that are not acknowledged
 */

/** @typedef {{gateway: Gateway, device: Device, link: Link, bundles: Bundles, scans: Scans, findings: Findings, seal: Seal, setup: Setup}} Parts */

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
    /** @type {Parts | null} */
    this.parts = null;
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
    this.release = () => {};
    this.onOnline = () => this.parts?.link.found();
    this.onOffline = () => this.parts?.link.lost();
  }

  /**
   * Opens the handheld of this browser as it was left.
   * @param {Deps} [deps]
   */
  static async open(deps = {}) {
    const engine = new Engine(deps.storage ?? await openStorage(), deps);
    if (!await engine.own()) {
      engine.state = 'other_tab';
      return engine;
    }
    try {
      await engine.restore();
    } catch {
      engine.storage = new MemoryStorage(); // a storage that opens and cannot be read
      engine.parts = null;
      engine.state = 'unprovisioned';
    }
    return engine;
  }

  /**
   * Becomes the one page that is the handheld, or waits to become it when the other page is closed.
   * @returns {Promise<boolean>}
   */
  own() {
    const locks = this.deps.locks === undefined ? globalThis.navigator?.locks : this.deps.locks;
    if (!locks) return Promise.resolve(true);
    const held = () => new Promise((release) => { this.release = () => release(undefined); });
    return new Promise((resolve) => {
      locks.request(LOCK, { ifAvailable: true }, (lock) => {
        resolve(lock !== null);
        if (lock) return held();
        void locks.request(LOCK, async () => {
          this.state = 'unprovisioned';
          await this.restore();
          this.changed();
          await held();
        });
      });
    });
  }

  /** Reads settings, bundles, scans and findings from the storage. */
  async restore() {
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
    const device = new Device(await Proofs.of(unhex(setup.authority)), setup.device);
    const findings = new Findings(storage, seal);
    const parts = {
      device, findings, seal, setup,
      gateway: new Gateway(setup.credential, { fetch: deps.fetch, bounds: deps.bounds }),
      link: new Link({ now: clocks.steady, wall: clocks.wall, changed: () => this.changed(), random: deps.random }),
      bundles: new Bundles({ device, storage, clocks }),
      scans: new Scans({ device, storage, seal, findings, now: clocks.steady, station: setup.station }),
    };
    await parts.bundles.restore();
    await parts.scans.restore();
    await findings.restore();
    [this.scope] = setup.scopes;
    this.parts = parts;
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
    const before = this.parts?.setup;
    if (before && (before.device !== setup.device || before.authority !== setup.authority)) await this.forget({ force: false });
    await this.parts?.scans.save(this.parts.device.time.latest);
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
    if (!force && (this.parts?.scans.waiting.length ?? 0) > 0) throw new SetupRefused('uploads_waiting');
    this.parts = null;
    this.state = 'unprovisioned';
    this.scope = this.train = '';
    await this.storage.clear();
    this.changed();
  }

  /** @returns {{device: string, station: string, scopes: string[]} | null} */
  get settings() {
    if (!this.parts) return null;
    const { device, station, scopes } = this.parts.setup;
    return { device, station, scopes };
  }

  /**
   * Chooses what codes are checked for.
   * @param {string} scope one of the settings
   */
  async setScope(scope) {
    if (!this.parts?.setup.scopes.includes(scope)) throw new RangeError('not a scope of this device');
    this.scope = scope;
    if (this.parts.link.why === 'not_allowed') this.parts.link.found(); // the gateway may allow this one
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
    if (this.parts) this.parts.bundles.due = -Infinity;
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
    const verdict = this.judge(text).finally(() => this.scanning.delete(name));
    this.scanning.set(name, verdict);
    return verdict;
  }

  /** @param {string} text */
  async judge(text) {
    const { parts, scope } = this;
    const use = { scope, train: scope === 'onboard' ? this.train : '' };
    const clock = this.clocks.read();
    if (!parts) return this.plain(meaningOf('no_revocation_data'), clock.wall, scope);
    const { at } = parts.device.time.now(clock);
    const code = read(text);
    if (code === 'malformed') return this.plain(meaningOf('malformed'), at, scope);
    const unknown = typeof code !== 'string' && parts.device.holds(code, scope, at); // to the gateway
    if (parts.link.mode === 'online' && !unknown) {
      const answer = await this.ask(parts, text, use);
      if (answer) {
        if (answer.verdict === 'allow' && typeof code !== 'string') this.remember(parts, code, scope, at, answer);
        return fromAnswer(answer, { at, scope });
      }
    }
    const own = await parts.device.scan({ text, ...use, clock });
    if (own.upload) {
      await parts.scans.keep(own.upload, parts.device.time.latest);
      this.changed();
    }
    return fromDevice(own, { scope });
  }

  /**
   * Returns the gateway's answer, or null if the handheld has to judge itself: there is none in time, or the gateway has no
   * data yet and the handheld has. Without a bundle it asks twice, since it cannot judge: within 10 s that is one passage.
   * @param {Parts} parts
   * @param {string} text
   * @param {{scope: string, train: string}} use
   */
  async ask({ gateway, link, device }, text, use) {
    for (let tries = device.newest ? 1 : 2; tries > 0; tries--) {
      try {
        const answer = await gateway.check(text, use);
        if (answer.reason === 'no_revocation_data' && device.newest) {
          link.failed(new NoAnswer('not_ready'));
          return null;
        }
        link.succeeded();
        return answer;
      } catch (err) {
        link.failed(checked(err));
        if (link.mode === 'offline' && device.newest) return null;
      }
    }
    return null;
  }

  /**
   * Remembers a passage that the gateway admitted, so that the handheld refuses a second use after the network is gone.
   * @param {Parts} parts
   * @param {import('../../railgate/code.js').Code} code
   * @param {string} scope
   * @param {number} at
   * @param {import('./gateway.js').Answer} answer
   */
  remember({ device, gateway, scans }, code, scope, at, { passback }) {
    if (passback?.result === 'held') void gateway.passed(code.serial, scope);
    if (!passback || !['first', 'held', 'forgiven', 'used'].includes(passback.result)) return;
    const own = device.admitted(code, scope, at);
    if (own) void scans.keep(own, device.time.latest); // the gateway has it: the verdict need not wait
  }

  /**
   * Returns a verdict that needs neither gateway nor bundle.
   * @param {ReturnType<typeof meaningOf>} meaning
   * @param {number} at
   * @param {string} scope
   * @returns {Verdict}
   */
  plain(meaning, at, scope) {
    const { mode, bundle } = this.status;
    return {
      ...meaning, source: mode, flagged: false, flags: [], state: bundle?.state ?? 'no_bundle', age: bundle?.age ?? null, at, scope,
      key: keyOf(at),
    };
  }

  /** @returns {Status} */
  get status() {
    const { parts, storage } = this;
    const lasting = storage.lasting && !storage.failing && !parts?.scans.unsaved.length;
    /** @type {Status['storage']} */
    const kept = { lasting, why: lasting ? null : storage.lasting ? 'failing' : 'denied' };
    if (!parts) {
      const why = this.state === 'other_tab' ? 'other_tab' : 'unprovisioned';
      return { mode: 'offline', why, cause: 'starting', since: 0, bundle: null, fault: null, queue: { waiting: 0, oldest: null, refused: 0, running: false }, storage: kept, conflicts: 0 };
    }
    const { link, device, bundles, scans, findings } = parts;
    const { latest } = device.time;
    const { verdict } = device.judgeTime(this.clocks.read());
    device.time.latest = latest; // only a scan makes its time certain
    const { newest } = device;
    const { waiting } = scans;
    return {
      mode: link.mode, why: link.mode === 'offline' && !newest ? 'no_data' : link.why, cause: link.why, since: link.since,
      bundle: newest && {
        made: newest.made, watermark: newest.watermark, age: verdict.age ?? 0, state: verdict.state, size: bundles.size,
        train: newest.content.bookings?.train ?? '', station: newest.content.policy.station,
      },
      fault: bundles.fault,
      queue: { waiting: waiting.length, oldest: waiting[0]?.at ?? null, refused: findings.undecided('refusal'), running: scans.running !== null },
      storage: kept, conflicts: findings.undecided('conflict'),
    };
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
    return this.parts?.findings.conflicts() ?? [];
  }

  /** @returns {Promise<import('./findings.js').Refusal[]>} scans that the gateway refused when they were reported, newest first */
  async refusals() {
    return this.parts?.findings.refusals() ?? [];
  }

  /**
   * Notes that staff saw a conflict, or a scan that was refused.
   * @param {string} id
   */
  async acknowledgeConflict(id) {
    await this.parts?.findings.acknowledge(id, this.clocks.wall());
    this.changed();
  }

  /** Reports the scans that wait. What fails is tried again by itself; the status says how many wait. */
  async uploadNow() {
    const { parts } = this;
    if (!parts) return;
    try {
      await parts.scans.report(parts.gateway);
    } catch (err) {
      checked(err); // it says nothing about checks: batches are refused before them
    } finally {
      this.changed();
    }
  }

  /** Fetches a bundle now. The status says whether that worked. */
  async fetchBundle() {
    const { parts } = this;
    if (!parts) return;
    await parts.bundles.fetch(parts.gateway, this.train);
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
    this.release();
  }

  /** Does what is due. */
  async tick() {
    const now = this.clocks.read().steady;
    const { parts } = this;
    if (!parts || this.ticking) return;
    this.ticking = true;
    try {
      if (parts.link.due) await this.probe(parts);
      if (parts.link.mode === 'online') {
        if (parts.scans.waiting.length > 0 && now >= parts.scans.due) await this.uploadNow();
        if (now >= parts.bundles.due && !parts.bundles.running) void this.fetchBundle();
      }
      if (parts.scans.unsaved.length > 0) await parts.scans.save(parts.device.time.latest);
      if (now >= this.pruned + PRUNE) await this.prune(parts);
    } finally {
      this.ticking = false;
    }
  }

  /**
   * Looks whether the gateway answers again. Before the handheld relies on it, a bundle is fetched, which may have the other
   * passage of a conflict, and the scans are reported.
   * @param {Parts} parts
   */
  async probe({ gateway, link, bundles, scans }) {
    try {
      await gateway.probe(this.scope);
      if (!link.probed()) return;
      if (scans.waiting.length > 0) {
        await orPause(bundles.fetch(gateway, this.train), BUNDLE_FIRST);
        await scans.report(gateway).catch(checked); // batches are refused before checks; `holds` knows what is unreported
      }
      bundles.due = Math.min(bundles.due, this.clocks.steady());
      link.recover();
    } catch (err) {
      link.failed(checked(err));
    }
  }

  /** @param {Parts} parts */
  async prune({ device, scans, findings }) {
    this.pruned = this.clocks.steady();
    const { at } = device.time.now(this.clocks.read());
    await scans.prune(at);
    await findings.prune(at);
    await this.storage.write([{ area: 'state', key: 'latest', value: device.time.latest }]).catch(() => {});
  }
}

/**
 * Returns the code of a text, or why it is none. A text of a later version is for the gateway, which may know it.
 * @param {string} text
 */
function read(text) {
  if (new TextEncoder().encode(text).length > MAX_TEXT) return 'malformed';
  try {
    return parseText(text);
  } catch (err) {
    if (err instanceof Refused) return err.reason;
    throw err;
  }
}

/**
 * Waits for some work, but not longer than a time.
 * @param {Promise<void>} work
 * @param {number} ms
 */
function orPause(work, ms) {
  /** @type {ReturnType<typeof setTimeout>} */
  let timer;
  const pause = new Promise((resolve) => { timer = setTimeout(resolve, ms); });
  return Promise.race([work, pause]).finally(() => clearTimeout(timer));
}

/**
 * Returns a failure that is part of the work, and throws any other.
 * @param {unknown} err
 */
function checked(err) {
  if (err instanceof NoAnswer) return err;
  throw err;
}

/** @param {unknown} train */
function isTrain(train) {
  return typeof train === 'string' && /^[0-9A-Z]{0,8}$/.test(train);
}

/** The scopes that a device can have. */
export const ALL_SCOPES = SCOPES;
