/**
 * A gateway for tests of the handheld, as docs/openapi/gateway.yaml describes it, with faults that a test chooses.
 * @module
 */
import { check } from '../../railgate/check.js';
import { dayOf, parseText, Refused } from '../../railgate/code.js';
import { publicKey } from '../../railgate/ed25519.js';
import { PASSED, Passages, WAYS } from '../../railgate/passages.js';
import { meaningOf } from '../../handheld/engine/verdict.js';

/** How long a check is on its way: the gateway judges later than the handheld reads its clocks, ms. */
const TRANSIT = 30;

export const CREDENTIAL = `rgd_${'ab'.repeat(32)}`;

const json = (status, value, headers = {}) => new Response(JSON.stringify(value), { status, headers: { 'Content-Type': 'application/json', ...headers } });
const problem = (status, code, more = {}, headers = {}) =>
  json(status, { type: `/problems/${code}`, title: code, status, code, text: { en: code, zh: code }, ...more }, headers);

/**
 * What may go wrong: `down` (no network), `slow` (acts, and never answers), `lost` (acts, and the answer breaks off), `overloaded`,
 * `full` (503 in plain text), `unauthorized`, `page` (a captive portal's 200), `proxy` (502), `garbage`, `booting`, `fault` (500).
 */
export class FakeGateway {
  /**
   * @param {import('./signer.js').Signer} signer
   * @param {{now: () => number}} clock Unix ms
   */
  constructor(signer, { now }) {
    this.signer = signer;
    this.now = now;
    /** @type {string | null} */
    this.fault = null;
    /** Faults of single paths, which go before `fault`. */
    this.faults = new Map();
    /** @type {{method: string, path: string, body: string}[]} */
    this.requests = [];
    this.table = new Passages(125_000);
    /** @type {{serial: string, way: number, step: number, at: number, upload: string, station: string}[]} */
    this.passages = [];
    this.revoked = new Set();
    this.bundle = {};
    /** Adjusts the answer to a check. */
    this.alter = (answer) => answer;
    this.fetch = /** @type {any} */ (this.answer.bind(this));
  }

  async answer(path, { method, body, headers, signal }) {
    const url = new URL(path, 'http://gateway');
    this.requests.push({ method, path, body });
    const fault = this.faults.get(url.pathname) ?? this.fault;
    const hang = () => new Promise((_, reject) => signal.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError'))));
    switch (fault) {
      case 'down': throw new TypeError('fetch failed');
      case 'overloaded': return problem(503, 'overloaded', {}, { 'Retry-After': '1' });
      case 'full': return new Response('too many connections', { status: 503 });
      case 'unauthorized': return problem(401, 'device_unknown');
      case 'not_allowed': return problem(403, 'batches_not_allowed');
      case 'page': return new Response('<html>welcome</html>', { status: 200 });
      case 'proxy': return new Response('<html>502</html>', { status: 502 });
      case 'garbage': return json(200, { verdict: 'allow' });
      case 'fault': return problem(500, 'internal_error');
      case 'stall': return hang(); // before it acts
    }
    if (headers.Authorization !== `Bearer ${CREDENTIAL}`) return problem(401, 'device_unknown');
    const answer = await this.serve(url, body);
    if (fault === 'slow') return hang();
    if (fault === 'lost') throw new TypeError('terminated');
    return answer;
  }

  async serve(url, body) {
    const scope = url.searchParams.get('scope');
    switch (url.pathname) {
      case '/v1/check': return json(200, this.alter(await this.check(body, scope)));
      case '/v1/passages': return json(200, { result: 'passed' });
      case '/v1/checks': return this.checks(JSON.parse(body).scans, scope);
      case '/v1/bundle': return this.bundleFor(Number(url.searchParams.get('since') ?? 0));
      default: return problem(404, 'not_found');
    }
  }

  async reasonOf(text, scope, at) {
    this.key ??= await publicKey(new Uint8Array(this.signer.issuerKey));
    try {
      const code = parseText(text);
      const known = { key: () => ({ public: this.key }), revoked: ({ serial }) => this.revoked.has(serial), cutoff: () => 0, closed: () => false };
      return [await check(code, Math.floor(at / 1000), scope, known), code];
    } catch (err) {
      if (err instanceof Refused) return [err.reason];
      throw err;
    }
  }

  verdict(reason, code, passback, of) {
    const booting = this.faults.get('data') === 'booting';
    if (booting && reason !== 'malformed') reason = 'no_revocation_data';
    const { class: party, text } = meaningOf(reason, of);
    const revocation = booting ? { state: 'booting', flagged: false, age_ms: -1, watermark_ms: 0 } : { state: 'fresh', flagged: false, age_ms: 12, watermark_ms: this.now() - 12 };
    if (reason !== 'ok') return { verdict: 'deny', reason, class: party, text, revocation, ...(passback ? { passback } : {}) };
    return { verdict: 'allow', reason, class: 'ok', subject: code.subject, serial: code.serial, scopes: ['entry'], seconds_left: 1700, revocation, ...(passback ? { passback } : {}) };
  }

  async check(text, scope) {
    const at = this.now() + TRANSIT;
    const [reason, code] = await this.reasonOf(text, scope, at);
    const way = WAYS[scope];
    if (reason !== 'ok' || way === undefined || this.faults.get('data') === 'booting') return this.verdict(reason, code);
    const { outcome, age } = this.table.attempt(code.serial, way, { at, place: 'handheld-1', step: code.step }, 0);
    const passback = { state: 'exact', result: { admitted: 'first', repeated: 'repeated', used: 'used' }[outcome], flagged: false, age_ms: age };
    if (outcome === 'admitted') this.passages.push({ serial: code.serial, way, step: code.step, at, upload: '', station: 'here' });
    return this.verdict(outcome === 'used' ? 'already_used' : 'ok', code, passback);
  }

  /** Another gate admits a code. */
  elsewhere(text, at, station = 'there') {
    const code = parseText(text);
    this.passages.push({ serial: code.serial, way: 0, step: code.step, at, upload: '', station });
    this.table.add(code.serial, 0, { at, place: 'another', step: code.step, state: PASSED });
  }

  async checks(scans, scope) {
    if (!Array.isArray(scans) || scans.length > 256) return problem(413, 'too_many_scans');
    const bad = scans.findIndex(({ code }) => this.faults.get('scan') === code);
    if (bad >= 0) return problem(400, 'scans_malformed', { fault: 'upload', scan: bad, offset: 1 });
    const verdicts = [];
    for (const { code: text, scanned_at_ms: at, upload } of scans) {
      const late = at > this.now() + 5000 || at <= this.now() - 86_340_000;
      const [reason, code] = late ? ['scan_time_refused'] : await this.reasonOf(text, scope, at);
      const way = WAYS[scope];
      if (reason !== 'ok' || way === undefined) {
        verdicts.push(this.verdict(reason, code));
        continue;
      }
      if (!this.passages.some((p) => p.upload === upload)) {
        this.passages.push({ serial: code.serial, way, step: code.step, at, upload, station: 'here' });
        this.table.add(code.serial, way, { at, place: 'handheld-1', step: code.step, state: PASSED });
      }
      const gap = this.conflict(code.serial, way, upload);
      verdicts.push(this.verdict('ok', code, { state: 'exact', result: gap === null ? 'first' : 'used', flagged: gap !== null, age_ms: gap ?? 0 }));
    }
    return json(200, { verdicts });
  }

  /** Returns the gap of a conflict of an upload, by docs/passback.md, section 6. */
  conflict(serial, way, upload) {
    const all = this.passages.filter((p) => p.serial === serial && p.way === way).sort((a, b) => a.at - b.at);
    for (let i = 1, last = all[0]; i < all.length; i++) {
      const p = all[i];
      if (p.at - last.at < 10_000 && p.station === last.station && p.step === last.step) continue;
      if (p.at - last.at < 125_000 && (p.upload === upload || last.upload === upload)) return p.at - last.at;
      last = p;
    }
    return null;
  }

  bundleFor(since) {
    if (this.faults.get('/v1/bundle') === 'empty') return new Response(new Uint8Array());
    const made = this.now();
    const list = this.passages.filter(({ station }) => station === 'here').map(({ serial, ...p }) => {
      const [day, index] = serial.split('-').map(Number);
      return { ...p, day, index };
    });
    const revoked = [...this.revoked].map((serial) => serial.split('-').map(Number)).filter(([day]) => day === dayOf(made / 1000)).map(([, index]) => index);
    const raw = this.signer.bundle({ made, since, revoked, passages: { since: made - 200_000, reach: 2, list: list.filter(({ at }) => at >= made - 200_000 && at <= made) }, ...this.bundle });
    return new Response(raw, { headers: { 'Content-Type': 'application/octet-stream' } });
  }
}
