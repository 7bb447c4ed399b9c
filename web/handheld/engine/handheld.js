/**
 * A handheld that is set up: its judgement of codes, and its way back to the gateway.
 * @module
 */

import { parseText, Refused, unhex } from '../../railgate/code.js';
import { Device } from '../../railgate/device.js';
import { Proofs } from '../../railgate/proofs.js';
import { Bundles } from './bundles.js';
import { Findings } from './findings.js';
import { Gateway, NoAnswer } from './gateway.js';
import { Link } from './link.js';
import { Scans } from './scans.js';
import { fromAnswer, fromDevice } from './verdict.js';

/** @typedef {import('./verdict.js').Verdict} Verdict */

/** How long the switch to online waits for a bundle, ms. */
const BUNDLE_FIRST = 5000;
/** The longest text that the gateway takes, bytes. */
const MAX_TEXT = 1024;

export class Handheld {
  /**
   * @param {import('./setup.js').Setup} setup
   * @param {Proofs} proofs of the authority of the setup
   * @param {{seal: import('./sealed.js').Seal, storage: import('./storage.js').Storage, clocks: import('./clocks.js').Clocks,
   *   deps: import('./engine.js').Deps, changed: () => void}} of changed: is called after each change of the mode
   */
  constructor(setup, proofs, { seal, storage, clocks, deps, changed }) {
    this.setup = setup;
    this.storage = storage;
    this.clocks = clocks;
    this.device = new Device(proofs, setup.device);
    this.gateway = new Gateway(setup.credential, { fetch: deps.fetch, bounds: deps.bounds });
    this.link = new Link({ now: clocks.steady, wall: clocks.wall, changed, random: deps.random });
    this.findings = new Findings(storage, seal);
    this.bundles = new Bundles({ device: this.device, storage, clocks });
    this.scans = new Scans({ device: this.device, storage, seal, findings: this.findings, now: clocks.steady, station: setup.station });
  }

  /**
   * Returns the handheld of a setup, with what its storage has.
   * @param {import('./setup.js').Setup} setup
   * @param {ConstructorParameters<typeof Handheld>[2]} of
   */
  static async restore(setup, of) {
    const handheld = new Handheld(setup, await Proofs.of(unhex(setup.authority)), of);
    await handheld.bundles.restore();
    await handheld.scans.restore();
    await handheld.findings.restore();
    return handheld;
  }

  /**
   * Judges a text: the gateway, or the handheld itself. What is to be reported is stored before.
   * @param {string} text
   * @param {{scope: string, train: string}} use
   * @returns {Promise<Verdict>}
   */
  async judge(text, use) {
    const { device, link, scans } = this;
    const clock = this.clocks.read();
    const { at } = device.time.now(clock);
    const code = read(text);
    if (code === 'malformed') return fromDevice({ ...this.now(), reason: code, at, flagged: false }, use, link.mode);
    const unreported = typeof code !== 'string' && device.holds(code, use.scope, at);
    if (link.mode === 'online' && !unreported) {
      const answer = await this.ask(text, use);
      if (answer) {
        if (answer.verdict === 'allow' && typeof code !== 'string') this.remember(code, use.scope, at, answer);
        return fromAnswer(answer, { at, scope: use.scope });
      }
    }
    const own = await device.scan({ text, ...use, clock });
    if (own.upload) await scans.keep(own.upload, device.time.latest);
    return fromDevice(own, use);
  }

  /** Returns state, time and age of the data now. It is no scan, so it makes no time certain. */
  now() {
    const { device, clocks } = this;
    const { latest } = device.time;
    const { verdict } = device.judgeTime(clocks.read());
    device.time.latest = latest;
    return verdict;
  }

  /**
   * Returns the gateway's answer, or null if the handheld has to judge itself: there is none in time, or the gateway has no
   * data yet and the handheld has. Without a bundle it asks twice, since it cannot judge: within 10 s that is one passage.
   * @param {string} text
   * @param {{scope: string, train: string}} use
   */
  async ask(text, use) {
    const { gateway, link, device } = this;
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
   * @param {import('../../railgate/code.js').Code} code
   * @param {string} scope
   * @param {number} at
   * @param {import('./gateway.js').Answer} answer
   */
  remember(code, scope, at, { passback }) {
    const { device, gateway, scans } = this;
    if (passback?.result === 'held') void gateway.passed(code.serial, scope);
    if (!passback || !['first', 'held', 'forgiven', 'used'].includes(passback.result)) return;
    const own = device.admitted(code, scope, at);
    if (own) void scans.keep(own, device.time.latest); // the gateway has it: the verdict need not wait
  }

  /**
   * Looks whether the gateway answers again. Before the handheld relies on it, a bundle is fetched, which may have the other
   * passage of a conflict, and the scans are reported.
   * @param {{scope: string, train: string}} use
   */
  async probe({ scope, train }) {
    const { gateway, link, bundles, scans } = this;
    try {
      await gateway.probe(scope);
      if (!link.probed()) return;
      if (scans.waiting.length > 0) {
        await orPause(bundles.fetch(gateway, train), BUNDLE_FIRST);
        await scans.report(gateway).catch(checked); // batches are refused before checks; `holds` knows what is unreported
      }
      bundles.due = Math.min(bundles.due, this.clocks.steady());
      link.recover();
    } catch (err) {
      link.failed(checked(err));
    }
  }

  /** Forgets what is over, and stores the time. */
  async prune() {
    const { device, scans, findings, storage } = this;
    const { at } = this.now();
    await scans.prune(at);
    await findings.prune(at);
    await storage.write([{ area: 'state', key: 'latest', value: device.time.latest }]).catch(() => {});
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
export function checked(err) {
  if (err instanceof NoAnswer) return err;
  throw err;
}
