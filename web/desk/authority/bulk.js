/**
 * Many unrevocations: the list, checked line by line, and the run that sends it.
 *
 * A run is bounded in requests at a time. It pauses when the network is lost, the desk is locked or the credential has
 * spent its budget, and continues with the lines that have no answer. No line that has an answer is sent again.
 * @module
 */

import { Problem, Unreachable } from '../../ui/http.js';
import { serialOf, untimely } from './serial.js';

/** Most lines of a list. Our choice: more belong into the command -unrevoke-by, which has no budget. */
export const MAX_LINES = 2000;

/** Requests at a time. Our choice: a fraction of what one staff credential may have open. */
export const AT_ONCE = 4;

/** Longest wait for a spent budget before the run pauses, ms. */
export const LONGEST_WAIT = 10 * 60_000;

/** @typedef {'form' | 'code' | 'twice' | 'over' | 'future'} Fault */
/** @typedef {'waiting' | 'sending' | 'done' | 'refused' | 'unknown'} State unknown: sent, and the answer was lost */
/** @typedef {{serial: string, line: number, state: State, at?: number, problem?: Problem}} Item at: Unix ms of the acceptance */
/** @typedef {{line: number, text: string, fault: Fault}} BadLine */

/**
 * Reads a list: a serial or a code a line; the text after a comma, semicolon, tab or # is a remark.
 * @param {string} text
 * @param {number} now Unix seconds
 * @returns {{items: Item[], bad: BadLine[], tooMany: boolean}}
 */
export function parseList(text, now) {
  /** @type {Item[]} */
  const items = [];
  /** @type {BadLine[]} */
  const bad = [];
  const seen = new Set();
  let count = 0;
  for (const [i, whole] of text.replace(/^\ufeff/, '').split(/\r\n|\r|\n/).entries()) {
    const content = /^RG[0-9]:/.test(whole.trim()) ? whole : whole.normalize('NFKC').replace(/[,;\t#].*$/s, '').replace(/^\s*"(.*)"\s*$/, '$1');
    const { serial, fault } = serialOf(content);
    if (fault === 'empty') continue;
    if (++count > MAX_LINES) return { items, bad, tooMany: true };
    const line = i + 1;
    const why = fault ?? (seen.has(serial) ? 'twice' : untimely(/** @type {string} */ (serial), now));
    if (why) {
      bad.push({ line, text: content.trim().slice(0, 60), fault: why });
      continue;
    }
    seen.add(serial);
    items.push({ serial: /** @type {string} */ (serial), line, state: 'waiting' });
  }
  return { items, bad, tooMany: false };
}

/** @typedef {'ready' | 'running' | 'waiting' | 'paused' | 'stopped' | 'finished'} Stage waiting: for the budget */

/** A run over the lines of a list. */
export class Run {
  /**
   * @param {Item[]} items
   * @param {object} how
   * @param {(serial: string) => Promise<{accepted_at_ms: number}>} how.send
   * @param {() => void} [how.changed]
   * @param {() => number} [how.now] server's time, Unix ms
   * @param {(ms: number) => Promise<void>} [how.sleep]
   * @param {() => boolean} [how.mayGoOn] whether the desk is unlocked
   */
  constructor(items, { send, changed = () => {}, now = Date.now, sleep = (ms) => new Promise((done) => { setTimeout(done, ms); }), mayGoOn = () => true }) {
    this.items = items;
    this.send = send;
    this.changed = changed;
    this.now = now;
    this.sleep = sleep;
    this.mayGoOn = mayGoOn;
    /** @type {Stage} */
    this.stage = 'ready';
    /** @type {'network' | 'locked' | 'budget' | null} why it paused */
    this.cause = null;
    /** Unix ms at which it goes on, while it waits. */
    this.until = 0;
    this.at = 0;
  }

  /** Returns the number of lines in each state. */
  counts() {
    const all = { waiting: 0, sending: 0, done: 0, refused: 0, unknown: 0 };
    for (const item of this.items) all[item.state]++;
    return all;
  }

  /** Sends the lines that have no answer. It returns when the run has paused, stopped or finished. */
  async start() {
    if (this.stage === 'running' || this.stage === 'waiting') return;
    this.stage = 'running';
    this.cause = null;
    this.at = 0;
    this.changed();
    await Promise.all(Array.from({ length: AT_ONCE }, () => this.work()));
    const { waiting, unknown } = this.counts();
    if (this.isOn()) this.stage = waiting + unknown > 0 ? 'paused' : 'finished';
    this.changed();
  }

  /** Ends the run after the requests in flight. It can be started again. */
  stop() {
    if (this.isOn()) this.stage = 'stopped';
    this.changed();
  }

  isOn() {
    return this.stage === 'running' || this.stage === 'waiting';
  }

  /** @param {'network' | 'locked' | 'budget'} cause */
  pause(cause) {
    if (!this.isOn()) return;
    this.stage = 'paused';
    this.cause = cause;
  }

  next() {
    for (; this.at < this.items.length; this.at++) {
      const item = this.items[this.at];
      if (item.state === 'waiting' || item.state === 'unknown') return item;
    }
    return null;
  }

  /** One of the concurrent senders. */
  async work() {
    for (;;) {
      while (this.stage === 'waiting') await this.sleep(Math.min(1000, Math.max(50, this.until - this.now())));
      if (this.stage !== 'running') return;
      if (!this.mayGoOn()) return this.pause('locked');
      const item = this.next();
      if (!item) return;
      item.state = 'sending';
      this.changed();
      try {
        item.at = (await this.send(item.serial)).accepted_at_ms;
        item.state = 'done';
      } catch (err) {
        this.failed(item, err);
      }
      this.changed();
    }
  }

  /**
   * @param {Item} item
   * @param {unknown} err
   */
  failed(item, err) {
    if (err instanceof Problem && err.status === 401) {
      item.state = 'waiting';
      this.pause('locked');
    } else if (err instanceof Problem && (err.status === 429 || err.status === 503)) {
      item.state = 'waiting';
      void this.wait(err.retryAt ? err.retryAt * 1000 : this.now() + 2000);
    } else if (err instanceof Problem) {
      item.state = 'refused';
      item.problem = err;
    } else {
      item.state = 'unknown';
      if (err instanceof Unreachable) this.pause('network');
      else {
        this.pause('network');
        throw err;
      }
    }
    this.at = 0; // its line may be before the next one
  }

  /** @param {number} until Unix ms */
  async wait(until) {
    if (until - this.now() > LONGEST_WAIT) return this.pause('budget');
    if (!this.isOn()) return;
    this.until = Math.max(this.until, until);
    if (this.stage === 'waiting') return;
    this.stage = 'waiting';
    while (this.stage === 'waiting' && this.now() < this.until) {
      this.changed();
      await this.sleep(Math.min(1000, Math.max(50, this.until - this.now())));
    }
    if (this.stage === 'waiting') this.stage = 'running';
    this.changed();
  }
}

/**
 * Writes the result of a run as comma-separated values.
 * @param {Item[]} items
 */
export function resultOf(items) {
  const rows = items.map((i) => [i.serial, i.state, i.at ? new Date(i.at).toISOString() : '', i.problem?.code ?? ''].join(','));
  return ['serial,state,accepted_at,problem', ...rows, ''].join('\r\n');
}
