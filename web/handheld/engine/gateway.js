/**
 * Requests of a handheld to its gateway: docs/openapi/gateway.yaml.
 * @module
 */

import { MAX_BUNDLE } from '../../railgate/bundle.js';

/**
 * Bounds on requests, ms.
 *
 * A check: 1 s for the answer, as docs/integration.md, section 7 asks of every device, and half a second for a radio that was
 * asleep. Together with the verdict of the handheld itself it must stay far below the 10 s in which the gateway counts a second
 * reading of one code at one device as the same passage (docs/passback.md, section 2). A batch: docs/integration.md asks for
 * 2 s; a train's radio needs time for 70 kB. A bundle: the gateway stops sending after the same time.
 */
export const BOUNDS = { check: 1500, batch: 10_000, bundle: 60_000 };
/** The longest JSON answer, characters: 256 verdicts of at most 1.5 kB. */
const MAX_ANSWER = 512 << 10;
/** A text that is no code: the gateway answers `malformed` after it checked credential, scope and load. */
const PROBE = 'railgate handheld probe';

/**
 * Why there is no answer: `no_network`, `gateway_slow`, `gateway_down` (no gateway behind the proxy, a fault of it, or an
 * answer that is none), `overloaded`, `not_ready`, `unauthorized`, `not_allowed`, `defect` (the gateway finds the request
 * wrong).
 * @typedef {'no_network' | 'gateway_slow' | 'gateway_down' | 'overloaded' | 'not_ready' | 'unauthorized' | 'not_allowed' | 'defect'} Cause
 */

/** A request without a usable answer. The gateway may have acted on it. */
export class NoAnswer extends Error {
  /**
   * @param {Cause} cause
   * @param {{code?: string, after?: number, scan?: number}} [details] code of the problem; ms after which the gateway asks to
   * retry; index of the scan that is wrong
   */
  constructor(cause, { code = '', after = 0, scan } = {}) {
    super(cause);
    this.name = 'NoAnswer';
    this.why = cause;
    this.code = code;
    this.after = after;
    this.scan = scan;
  }
}

/**
 * A verdict as the gateway answers it.
 * @typedef {object} Answer
 * @property {'allow' | 'deny'} verdict
 * @property {string} reason
 * @property {string} class
 * @property {{zh: string, en: string}} [text]
 * @property {string} [serial]
 * @property {number} [seconds_left]
 * @property {{state: string, flagged: boolean, age_ms: number, watermark_ms: number}} revocation
 * @property {{state: string, result: string, flagged: boolean, age_ms: number}} [passback]
 * @property {{state: string, flagged: boolean, train?: string, departs_at?: number, coach?: string, seat?: string}} [ticket]
 */

export class Gateway {
  /**
   * @param {string} credential of the device
   * @param {{fetch?: typeof fetch, bounds?: typeof BOUNDS}} [deps] for tests
   */
  constructor(credential, { fetch = (...args) => globalThis.fetch(...args), bounds = BOUNDS } = {}) {
    this.credential = credential;
    this.fetch = fetch;
    this.bounds = bounds;
  }

  /**
   * Checks a code.
   * @param {string} text as it was read
   * @param {{scope: string, train?: string}} use
   * @returns {Promise<Answer>}
   * @throws {NoAnswer}
   */
  async check(text, { scope, train }) {
    const answer = await this.json('POST', `/v1/check?scope=${scope}${train ? `&train=${train}` : ''}`, { body: text, bound: this.bounds.check });
    if (!isAnswer(answer)) throw new NoAnswer('gateway_down');
    return answer;
  }

  /**
   * Reports whether the gateway would answer checks: the same way, with a text that is no code.
   * @param {string} scope
   * @throws {NoAnswer}
   */
  async probe(scope) {
    const answer = await this.check(PROBE, { scope });
    if (answer.revocation.state === 'booting') throw new NoAnswer('not_ready');
  }

  /**
   * Reports that a code was used whose policy waits for a barrier: a handheld has none. It is tried twice; without a report the
   * gateway would let the code pass again after 10 s.
   * @param {string} serial
   * @param {string} scope
   */
  async passed(serial, scope) {
    const body = JSON.stringify({ serial, scope, passed: true });
    for (let tries = 2; tries > 0; tries--) {
      try {
        return void await this.json('POST', '/v1/passages', { body, bound: this.bounds.check });
      } catch (err) {
        if (!(err instanceof NoAnswer)) throw err;
      }
    }
  }

  /**
   * Reports scans that were made without a network, all of one scope.
   * @param {{code: string, at: number, key: string}[]} scans
   * @param {{scope: string, train?: string}} use
   * @returns {Promise<Answer[]>} in the order of the scans
   * @throws {NoAnswer}
   */
  async report(scans, { scope, train }) {
    const body = JSON.stringify({ scans: scans.map(({ code, at, key }) => ({ code, scanned_at_ms: at, upload: key })) });
    const answer = await this.json('POST', `/v1/checks?scope=${scope}${train ? `&train=${train}` : ''}`, { body, bound: this.bounds.batch });
    const verdicts = answer?.verdicts;
    if (!Array.isArray(verdicts) || verdicts.length !== scans.length || !verdicts.every(isAnswer)) throw new NoAnswer('gateway_down');
    return verdicts;
  }

  /**
   * Fetches a bundle.
   * @param {{train?: string, since?: number, clocks: import('./clocks.js').Clocks}} wanted since: the watermark of the newest
   * bundle; without it the answer is a full bundle
   * @returns {Promise<{raw: Uint8Array, clock: import('../../railgate/clock.js').Clock}>} the clocks when its first byte arrived
   * @throws {NoAnswer}
   */
  async bundle({ train, since, clocks }) {
    const query = [train ? `train=${train}` : '', since ? `since=${since}` : ''].filter(Boolean).join('&');
    return this.request('GET', `/v1/bundle${query ? `?${query}` : ''}`, { bound: this.bounds.bundle }, async (answer) => {
      const clock = clocks.read();
      return { raw: await bytesOf(answer, MAX_BUNDLE), clock };
    });
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {{body?: string, bound: number}} how
   * @returns {Promise<any>}
   */
  json(method, path, how) {
    return this.request(method, path, how, async (answer) => parsed(new TextDecoder().decode(await bytesOf(answer, MAX_ANSWER))));
  }

  /**
   * Sends a request, and reads its answer with `read`, within a bound.
   * @template T
   * @param {string} method
   * @param {string} path
   * @param {{body?: string, bound: number}} how
   * @param {(answer: Response) => Promise<T>} read
   * @returns {Promise<T>}
   */
  async request(method, path, { body, bound }, read) {
    const end = new AbortController();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => {
        reject(new NoAnswer('gateway_slow')); // before the abort, so that the bound holds whatever a browser does with it
        end.abort();
      }, bound);
    });
    try {
      return await /** @type {Promise<T>} */ (Promise.race([late, this.exchange(method, path, body, end.signal, read)]));
    } catch (err) {
      if (err instanceof NoAnswer) throw err;
      throw new NoAnswer('no_network');
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * @template T
   * @param {string} method
   * @param {string} path
   * @param {string | undefined} body
   * @param {AbortSignal} signal
   * @param {(answer: Response) => Promise<T>} read
   */
  async exchange(method, path, body, signal, read) {
    const answer = await this.fetch(path, {
      method, body, signal, headers: { Authorization: `Bearer ${this.credential}`, ...(body === undefined ? {} : { 'Content-Type': 'text/plain' }) },
      cache: 'no-store', credentials: 'omit', redirect: 'error', referrerPolicy: 'no-referrer',
    });
    if (answer.status === 200) return read(answer);
    throw refusal(answer, parsed(new TextDecoder().decode(await bytesOf(answer, MAX_ANSWER))));
  }
}

/**
 * Returns what an answer that is no verdict means.
 * @param {Response} answer
 * @param {any} problem
 */
function refusal(answer, problem) {
  const code = typeof problem?.code === 'string' ? problem.code : '';
  const after = 1000 * Math.min(300, Number(answer.headers.get('Retry-After')) || 0);
  const details = { code, after, scan: Number.isInteger(problem?.scan) ? problem.scan : undefined };
  const { status } = answer;
  if (status === 401) return new NoAnswer('unauthorized', details);
  if (status === 403) return new NoAnswer('not_allowed', details);
  if (status === 503) return new NoAnswer(code === 'bundle_not_ready' ? 'not_ready' : 'overloaded', details);
  if (code && status >= 400 && status < 500 && status !== 408) return new NoAnswer('defect', details);
  return new NoAnswer('gateway_down', details); // 408, 500, or a page of the proxy
}

/**
 * Reads the content of an answer up to a bound.
 * @param {Response} answer
 * @param {number} most bytes
 */
async function bytesOf(answer, most) {
  if (Number(answer.headers.get('Content-Length')) > most) {
    await answer.body?.cancel();
    throw new NoAnswer('gateway_down');
  }
  if (!answer.body) return new Uint8Array();
  const reader = answer.body.getReader();
  const parts = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > most) {
      await reader.cancel();
      throw new NoAnswer('gateway_down');
    }
    parts.push(value);
  }
  const raw = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    raw.set(part, at);
    at += part.length;
  }
  return raw;
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * Reports whether a value is a verdict. Fields that a later gateway adds do not matter.
 * @param {any} value
 * @returns {value is Answer}
 */
function isAnswer(value) {
  return (value?.verdict === 'allow' && value.reason === 'ok' || value?.verdict === 'deny' && value.reason !== 'ok') &&
    typeof value.reason === 'string' && typeof value.class === 'string' && typeof value.revocation?.state === 'string';
}
