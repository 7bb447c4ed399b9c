// Compares web/railgate with a running gateway: both check genuine and altered codes of a phone that the library plays.
//
// usage: node live.js DEMO [CODES]    DEMO is the built cmd/demo; CODES is the number of altered codes (default 3000)
//
// The demo prints the issuer's key. The exit status is 1 if an answer differs.
import { spawn } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { serialBytes } from '../passenger/session.js';
import { encode } from '../railgate/base45.js';
import { chainOf } from '../railgate/chain.js';
import { check } from '../railgate/check.js';
import { assemble, parseText, Refused, unhex } from '../railgate/code.js';
import { publicKey } from '../railgate/ed25519.js';

const START_MS = 120_000;
const STEPS = 4; // steps of the session whose codes are compared

/** Sends a request; a busy server is asked again. */
async function call(method, url, token, body) {
  const text = typeof body === 'string';
  const headers = { 'Content-Type': text ? 'text/plain' : 'application/json', ...(token ? { Authorization: `Bearer ${token}` } : {}) };
  for (let left = 60; ; left--) {
    const answer = await fetch(url, { method, headers, body: text || body === undefined ? body : JSON.stringify(body) });
    if (answer.ok) return answer.status === 204 ? null : answer.json();
    if ((answer.status !== 429 && answer.status !== 503) || left === 0) throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`);
    await sleep(500);
  }
}

/** Opens a session as a phone does that makes its codes itself. Returns pass and links. */
async function openSession(issuer) {
  const digits = '11010519000109321';
  const sum = [...digits].reduce((all, digit, i) => all + Number(digit) * [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2][i], 0);
  const { version } = await call('GET', `${issuer}/v1/privacy-policy`);
  const applied = await call('POST', `${issuer}/v1/applications`, null, { name: '测试旅客', document_type: 'resident_id',
    document_number: digits + '10X98765432'[sum % 11], city: '北京', location: { latitude: 39.865, longitude: 116.378 }, policy: version });
  const path = `${issuer}/v1/applications/${applied.application}`;
  const face = await call('POST', `${path}/checks`, applied.access_token, { evidence: 'sandbox:pass' });
  const { links, anchor } = await chainOf(randomBytes(16), 30, serialBytes(face.application.serial));
  const opened = await call('POST', `${path}/sessions`, applied.access_token,
    { check: face.check, mode: 'anchor', anchor: Buffer.from(anchor).toString('hex') });
  return { pass: unhex(opened.pass), links };
}

/** Returns a text with a fault in its bytes or in its characters. */
function altered({ pass, links }) {
  const step = randomInt(2);
  const text = assemble(pass, step, links[step]);
  const i = randomInt(192);
  if (randomInt(10) < 7) {
    const wire = parseText(text).wire.slice();
    wire[1 + randomInt(124)] ^= 1 << randomInt(8);
    return `RG1:${encode(wire)}`;
  }
  const put = ['', '0', ' ', ':', 'a', '\u0663', '\0', text[i] + text[i], String.fromCharCode(32 + randomInt(95))][randomInt(9)];
  return text.slice(0, i) + put + text.slice(i + 1);
}

/** Returns the library's reasons for the seconds of a request. */
async function own(text, from, to, known) {
  const reasons = [];
  for (let now = from; now <= to; now++) {
    try {
      reasons.push(await check(parseText(text), now, 'entry', known, { native: now % 2 === 0 }));
    } catch (err) {
      if (!(err instanceof Refused)) throw err;
      reasons.push(err.reason);
    }
  }
  return reasons;
}

async function compare(target, keys, count) {
  const known = { key: (id) => keys.get(id), revoked: () => false, cutoff: () => 0, closed: () => false };
  const session = await openSession(target.issuer);
  const seen = new Map();
  const faults = [];
  const one = async (text) => {
    const before = Math.floor(Date.now() / 1000);
    const { reason } = await call('POST', `${target.gateway}/v1/check?scope=entry`, target.device, text);
    const reasons = await own(text, before, Math.floor(Date.now() / 1000), known);
    if (!reasons.includes(reason)) faults.push(`the gateway says ${reason}, the library ${reasons}: ${JSON.stringify(text)}`);
    seen.set(reason, (seen.get(reason) ?? 0) + 1);
  };
  for (let step = 0; step < STEPS; step++) await one(assemble(session.pass, step, session.links[step]));
  for (let n = 0; n < count; n++) await one(altered(session));
  await one('RG2:anything');
  for (const reason of ['ok', 'malformed', 'unsupported_version', 'unknown_key', 'code_ahead', 'link_mismatch', 'bad_signature']) {
    if (!seen.has(reason)) faults.push(`no code had the reason ${reason}: the comparison is incomplete`);
  }
  console.log(`live: ${[...seen.values()].reduce((a, b) => a + b)} codes checked by the gateway and by web/railgate: ` +
    [...seen].sort().map(([reason, n]) => `${n} ${reason}`).join(', '));
  return faults;
}

/** Starts the demo. Returns its process, its target file and its issuer's keys. */
async function start(demo, scratch) {
  const free = ['gateway', 'gateway-admin', 'issuer', 'issuer-admin', 'handheld'].flatMap((name) => [`-${name}`, '127.0.0.1:0']);
  const child = spawn(demo, ['-serve', '-no-story', ...free], { env: { ...process.env, TMPDIR: scratch } });
  let out = '';
  let ended = false;
  child.stdout.on('data', (data) => { out += data; });
  child.stderr.on('data', (data) => { out += data; });
  child.on('exit', () => { ended = true; });
  const bound = Date.now() + START_MS;
  while (!(out.includes('railgate is up') && out.includes('verify.py'))) {
    if (ended || Date.now() > bound) {
      child.kill('SIGKILL');
      throw new Error(`the demo did not start\n${out}`);
    }
    await sleep(200);
  }
  await sleep(500); // the remaining lines
  const keys = new Map();
  for (const [, id, digits] of out.matchAll(/ (\d+)=([0-9a-f]{64})\b/g)) {
    const key = await publicKey(unhex(digits));
    if (key) keys.set(Number(id), { public: key });
  }
  const [folder] = readdirSync(scratch).filter((name) => name.startsWith('railgate-demo-'));
  return { child, keys, target: JSON.parse(readFileSync(join(scratch, folder, 'target.json'), 'utf8')) };
}

const [demo, count = '3000'] = process.argv.slice(2);
if (!demo) {
  console.error('usage: node live.js DEMO [CODES]');
  process.exit(2);
}
const scratch = mkdtempSync(join(tmpdir(), 'railgate-web-'));
let faults = [];
try {
  const { child, keys, target } = await start(demo, scratch);
  try {
    faults = await compare(target, keys, Number(count));
  } finally {
    const ended = new Promise((resolve) => { child.on('exit', resolve); });
    child.kill('SIGTERM');
    await Promise.race([ended, sleep(30_000).then(() => child.kill('SIGKILL'))]);
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
if (faults.length > 0) {
  console.error(faults.slice(0, 20).join('\n'));
  process.exitCode = 1;
}
