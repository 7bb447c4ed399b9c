/**
 * Requests to the server of the page, and their failures as people read them.
 * @module
 */

import { learn, now, reading } from './clock.js';
import { pick, texts, when } from './language.js';

/** @typedef {import('./language.js').Bilingual} Bilingual */

/** Bound on a request, ms: the issuer's own bound on a face check is below it. */
export const PATIENCE = 20_000;

/** An answer that refuses the request: docs/openapi/issuer.yaml, Problem. */
export class Problem extends Error {
  /** @param {{code: string, status: number, detail?: string, text: Bilingual, next_step?: Bilingual, contact?: Bilingual, retry_at?: number, reason?: string, class?: string}} answer */
  constructor(answer) {
    super(answer.code);
    this.name = 'Problem';
    this.code = answer.code;
    this.status = answer.status;
    this.detail = answer.detail ?? '';
    this.text = answer.text;
    this.next = answer.next_step;
    this.contact = answer.contact;
    this.retryAt = answer.retry_at; // Unix seconds
    this.reason = answer.reason;
    this.class = answer.class;
  }
}

/** No answer arrived. The server may have acted on the request. */
export class Unreachable extends Error {
  constructor() {
    super('unreachable');
    this.name = 'Unreachable';
  }
}

const t = texts({
  from: ['{0} 起可重试。', 'Possible from {0}.'],
  unreachable: ['网络不通，未收到答复。', 'There is no network: no answer arrived.'],
  unreachableNext: ['请检查网络后重试。', 'Check the connection and try again.'],
  broken: ['页面出错。', 'This page has a fault.'],
  brokenNext: ['请刷新页面；如仍有问题，请走人工窗口。', 'Reload the page. If the fault remains, use a staffed window.'],
});

/**
 * Sends a request and returns the JSON of its answer, or null if the answer has no content.
 * @param {string} method
 * @param {string} path of the page's own origin
 * @param {{body?: unknown, bearer?: string, patience?: number, signal?: AbortSignal, header?: (all: Headers) => void}} [how] body: an object is sent as
 * JSON, a string as text; patience in ms; header: receives the headers of the answer
 * @returns {Promise<any>}
 * @throws {Problem | Unreachable}
 */
export async function call(method, path, { body, bearer, patience = PATIENCE, signal, header } = {}) {
  const bound = AbortSignal.timeout(patience);
  /** @type {Record<string, string>} */
  const headers = {};
  if (body !== undefined) headers['Content-Type'] = typeof body === 'string' ? 'text/plain' : 'application/json';
  if (bearer) headers.Authorization = `Bearer ${bearer}`;
  const sent = reading();
  let answer, text;
  try {
    answer = await fetch(path, {
      method, headers, body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
      signal: signal ? AbortSignal.any([bound, signal]) : bound, cache: 'no-store', credentials: 'omit', redirect: 'error', referrerPolicy: 'no-referrer',
    });
    text = await answer.text();
  } catch {
    throw new Unreachable();
  }
  learn(answer.headers.get('Date'), sent);
  header?.(answer.headers);
  const content = text && answer.headers.get('Content-Type')?.includes('json') ? JSON.parse(text) : null;
  if (answer.ok) return content;
  if (!content?.code || !content?.text) throw new Unreachable(); // a proxy's page
  throw new Problem(content);
}

/**
 * Says from when a request can succeed: to the second if that is near, with the year if it is far.
 * @param {number} at Unix seconds
 */
function retry(at) {
  const left = at - now() / 1000;
  return t('from', when(at, left < 600 ? { timeStyle: 'medium' } : left < 20 * 86_400 ? undefined : { dateStyle: 'long' }));
}

/**
 * Returns a failure as people read it.
 * @param {unknown} err
 * @returns {{text: string, next: string, contact: string, from?: string}} next and contact may be empty; from: when to try again
 */
export function explain(err) {
  if (err instanceof Problem) return { text: pick(err.text), next: err.next ? pick(err.next) : '', contact: err.contact ? pick(err.contact) : '', from: err.retryAt ? retry(err.retryAt) : '' };
  if (err instanceof Unreachable) return { text: t('unreachable'), next: t('unreachableNext'), contact: '' };
  console.error('fault:', err instanceof Error ? err.name : 'unknown'); // not the message: it may contain input
  return { text: t('broken'), next: t('brokenNext'), contact: '' };
}
