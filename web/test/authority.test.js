/**
 * The parts of the police desk's and operator's views that need no page: the audit log's chain, lists of serials, the state
 * of the streams, times of Beijing.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';

import { MAX_LINES, parseList, resultOf, Run } from '../desk/authority/bulk.js';
import { anchorsOf, digestOf, Verification } from '../desk/authority/digest.js';
import { judgeIssuer, judgeStream, worst } from '../desk/authority/health.js';
import { fromField, toField } from '../desk/authority/time.js';
import { serialOf, untimely } from '../desk/authority/serial.js';
import { Problem, Unreachable } from '../ui/http.js';

const ZEROS = '0'.repeat(64);
const MORNING = 1770681600; // 8 o'clock in Beijing on 2026-02-10, day 20494
const sha = (/** @type {string} */ text) => createHash('sha256').update(text).digest('hex');

/** A chain of n entries after a base, as the issuer returns it. */
async function chain(n, base = { position: 0, hash: ZEROS }) {
  const entries = [];
  let before = base.hash;
  for (let position = base.position + 1; position <= base.position + n; position++) {
    const entry = { id: position, at_ms: MORNING * 1000 + position, who: 'hongqiao-警务台', role: 'police', action: 'revoke',
      object: { kind: 'credential', id: `20494-${position}` }, ...(position % 3 ? { detail: 'lost_phone' } : {}), request: `r${position}`, position, hash: sha(`hash ${position}`), digest: '' };
    entry.digest = await digestOf(before, entry);
    before = entry.hash;
    entries.push(entry);
  }
  return { base, entries };
}

/** Verifies a chain in parts of a size. alter changes a part on its way. */
async function verify({ base, entries }, { size = 4, anchors = [], alter = (part) => part } = {}) {
  const v = new Verification(anchors);
  for (let parts = 0; !v.finished && parts < 100; parts++) {
    const from = Math.max(v.after, base.position);
    const own = entries.filter((e) => e.position > from).slice(0, size);
    const head = entries.at(-1) ?? base;
    const before = entries.find((e) => e.position === from) ?? base;
    await v.add(alter(structuredClone({ base, head: { position: head.position, hash: head.hash }, after: { position: from, hash: before.hash }, entries: own, unchained: 0 }), parts), size);
  }
  return v;
}

test('the digest is that of the interface’s example', async () => {
  const hashOf = (first) => Array.from({ length: 32 }, (_, i) => (first + i).toString(16).padStart(2, '0')).join('');
  assert.equal(await digestOf(hashOf(0x20), { id: 41, at_ms: 1770681600250, who: 'hongqiao-police-desk', role: 'police', action: 'revoke',
    object: { kind: 'credential', id: '20494-17' }, detail: 'lost_phone', request: '00112233aabbccdd', position: 41, hash: hashOf(0) }),
  'b293e391c15260d8a0d6cb4f37d625afaec8e238daa0f4c3bdcc8a84fce136d3');
});

test('a chain is complete in parts of every size, from its beginning and from a base', async () => {
  for (const base of [undefined, { position: 100, hash: sha('base') }]) {
    for (const size of [1, 3, 10, 11, 500]) {
      const whole = await chain(10, base);
      const at = whole.entries[6];
      const v = await verify(whole, { size, anchors: [{ position: at.position, hash: at.hash }] });
      assert.equal(v.fault, null);
      assert.deepEqual([v.checked, v.confirmed, v.at], [10, 1, { position: whole.entries[9].position, hash: whole.entries[9].hash }]);
    }
  }
  const none = await verify(await chain(0));
  assert.deepEqual([none.fault, none.checked, none.finished], [null, 0, true]);
});

test('every alteration of an answer is found at its first position', async () => {
  const whole = await chain(10);
  const entry = (/** @type {(e: any) => void} */ change) => (part) => {
    part.entries.filter((e) => e.position === 6).forEach(change);
    return part;
  };
  /** @type {[string, (part: any, i: number) => any, number, string][]} */
  const cases = [
    ['a person', entry((e) => { e.who = 'window-99'; }), 6, 'digest'],
    ['a time', entry((e) => { e.at_ms++; }), 6, 'digest'],
    ['an action', entry((e) => { e.action = 'unrevoke'; }), 6, 'digest'],
    ['a role', entry((e) => { e.role = 'window'; }), 6, 'digest'],
    ['an object', entry((e) => { e.object.id = '20494-1'; }), 6, 'digest'],
    ['a detail that was empty', entry((e) => { e.detail = 'fraud'; }), 6, 'digest'],
    ['texts moved into each other', entry((e) => { e.who = 'hongqiao-警务台p'; e.role = 'olice'; }), 6, 'digest'],
    ['a request', entry((e) => { delete e.request; }), 6, 'digest'],
    ['a hash', entry((e) => { e.hash = sha('other'); }), 6, 'digest'],
    ['a removed entry', (part) => ({ ...part, entries: part.entries.filter((e) => e.position !== 6) }), 6, 'gap'],
    ['two swapped', (part) => ({ ...part, entries: part.entries.toSorted((a, b) => (a.position === 6 ? -1 : 0) - (b.position === 6 ? -1 : 0)) }), 5, 'gap'],
    ['a part twice', (part, i) => (i === 1 ? { ...part, after: { position: 0, hash: ZEROS } } : part), 5, 'joint'],
    ['another chain', (part, i) => (i === 1 ? { ...part, after: { ...part.after, hash: sha('other') } } : part), 5, 'joint'],
    ['a cut end', (part) => ({ ...part, entries: part.entries.filter((e) => e.position < 8) }), 8, 'head'],
    ['another head', (part) => ({ ...part, head: { position: 10, hash: sha('other') } }), 11, 'head'],
    ['the issuer’s own finding', (part, i) => (i === 1 ? { ...part, entries: part.entries.slice(0, 1), broken: { position: 6, from: 6, because: 'altered' } } : part), 6, 'issuer'],
  ];
  for (const [what, alter, position, why] of cases) {
    const { fault } = await verify(whole, { alter });
    assert.deepEqual([what, fault?.position, fault?.why], [what, position, why]);
  }
});

test('anchors find a rebuilt chain and a lost tail', async () => {
  const whole = await chain(10);
  const anchor = (position) => ({ position, hash: whole.entries[position - 1].hash });
  const rebuilt = await verify(whole, { anchors: [anchor(3), { position: 6, hash: sha('before') }] });
  assert.deepEqual([rebuilt.fault?.why, rebuilt.fault?.position, rebuilt.confirmed], ['anchor', 6, 1]);
  const short = await verify({ ...whole, entries: whole.entries.slice(0, 8) }, { anchors: [anchor(3), anchor(10)] });
  assert.deepEqual([short.fault?.why, short.fault?.position], ['short', 9]);
  const archived = await verify({ base: anchor(5), entries: whole.entries.slice(5) }, { anchors: [anchor(2), anchor(5), anchor(7)] });
  assert.deepEqual([archived.fault, archived.unchecked, archived.confirmed], [null, 1, 2]);
  const text = `{"level":"info","msg":"audit anchor","position":41,"hash":"${sha('a')}"}\n 7:${sha('b')}, 8:xyz`;
  assert.deepEqual(anchorsOf(text), [{ position: 7, hash: sha('b') }, { position: 41, hash: sha('a') }]);
});

test('serials are read from codes and typed texts', () => {
  for (const [text, serial] of [['20494-17', '20494-17'], [' 20494-17\n', '20494-17'], ['２０４９４－１７', '20494-17'], ['20494 – 17', '20494-17'], ['0-0', '0-0'], ['65535-2147483647', '65535-2147483647']]) {
    assert.equal(serialOf(text).serial, serial, text);
  }
  for (const [text, fault] of [['', 'empty'], [' ', 'empty'], ['20494', 'form'], ['20494-', 'form'], ['-17', 'form'], ['020494-17', 'form'], ['20494-017', 'form'], ['65536-1', 'form'],
    ['1-2147483648', 'form'], ['20494-17-3', 'form'], ['110105199003074616', 'form'], ['<script>', 'form'], ['RG1:', 'code'], [`RG1:${'0'.repeat(188)}`, 'code'], ['RG2:x', 'code']]) {
    assert.equal(serialOf(text).fault, fault, text);
  }
  assert.equal(untimely('20494-1', MORNING), null);
  assert.equal(untimely('20493-1', MORNING), null);
  assert.equal(untimely('20490-1', MORNING), 'over');
  assert.equal(untimely('20500-1', MORNING), 'future');
});

test('a list has its good lines, and each bad line with its reason', () => {
  const { items, bad, tooMany } = parseList('\ufeff20494-1, seat 12F\r\n\r\n# a remark\n"20494-2"\n20494-3\tx\n20494-1\nwrong\n20480-1\n20600-1\nRG1:zzz\n20494-4;y', MORNING);
  assert.deepEqual(items.map((i) => [i.line, i.serial]), [[1, '20494-1'], [4, '20494-2'], [5, '20494-3'], [11, '20494-4']]);
  assert.deepEqual(bad.map((b) => [b.line, b.fault]), [[6, 'twice'], [7, 'form'], [8, 'over'], [9, 'future'], [10, 'code']]);
  assert.equal(tooMany, false);
  const many = Array.from({ length: MAX_LINES + 1 }, (_, i) => `20494-${i}`);
  assert.equal(parseList(many.slice(1).join('\n'), MORNING).tooMany, false);
  assert.equal(parseList(many.join('\n'), MORNING).tooMany, true);
});

/** A run with a clock of its own. */
function run(serials, send, more = {}) {
  let now = MORNING * 1000;
  return new Run(serials.map((serial, i) => ({ serial, line: i + 1, state: /** @type {const} */ ('waiting') })), {
    send, now: () => now, sleep: async (ms) => { now += ms; }, ...more,
  });
}

const problem = (status, code, retryAt) => new Problem({ status, code, text: { en: 'x', zh: 'x' }, retry_at: retryAt });
const serials = Array.from({ length: 20 }, (_, i) => `20494-${i}`);

test('a run sends each line once, few at a time, and keeps refusals', async () => {
  let open = 0;
  let most = 0;
  const sent = [];
  const r = run(serials, async (serial) => {
    most = Math.max(most, ++open);
    await null;
    open--;
    sent.push(serial);
    if (serial === '20494-7') throw problem(409, 'credential_expired');
    return { accepted_at_ms: 5 };
  });
  await r.start();
  assert.deepEqual([r.stage, sent.length, new Set(sent).size, most], ['finished', 20, 20, 4]);
  assert.deepEqual(r.counts(), { waiting: 0, sending: 0, done: 19, refused: 1, unknown: 0 });
  assert.match(resultOf(r.items), /20494-7,refused,,credential_expired\r\n/);
  await r.start();
  assert.equal(sent.length, 20);
});

test('a run pauses without a network and goes on with the lines that have no answer', async () => {
  const sent = new Map();
  let down = true;
  const r = run(serials, async (serial) => {
    sent.set(serial, (sent.get(serial) ?? 0) + 1);
    if (down && sent.size > 5) throw new Unreachable();
    return { accepted_at_ms: 1 };
  });
  await r.start();
  const before = r.counts();
  assert.deepEqual([r.stage, r.cause], ['paused', 'network']);
  assert.ok(before.done >= 5 && before.unknown >= 1);
  const done = r.items.filter((i) => i.state === 'done').map((i) => i.serial);
  down = false;
  await r.start();
  assert.deepEqual([r.stage, r.counts().done], ['finished', 20]);
  assert.ok(done.every((serial) => sent.get(serial) === 1), 'a line with an answer was sent again');
});

test('a run waits for its budget, pauses for a locked desk, and stops', async () => {
  let left = 6;
  let until = 0;
  const waited = run(serials, async function () {
    if (left === 0 && waited.now() < until) throw problem(429, 'revocation_budget_spent', until / 1000);
    if (left === 0) left = 6;
    if (--left === 0) until = waited.now() + 10_000;
    return { accepted_at_ms: 1 };
  });
  await waited.start();
  assert.deepEqual([waited.stage, waited.counts().done], ['finished', 20]);

  const long = run(serials, async () => { throw problem(429, 'revocation_budget_spent', MORNING + 3600); });
  await long.start();
  assert.deepEqual([long.stage, long.cause, long.counts().done], ['paused', 'budget', 0]);

  let unlocked = true;
  const locked = run(serials, async () => { unlocked = false; return { accepted_at_ms: 1 }; }, { mayGoOn: () => unlocked });
  await locked.start();
  assert.deepEqual([locked.stage, locked.cause], ['paused', 'locked']);

  const refused = run(serials, async () => { throw problem(401, 'staff_unauthorized'); });
  await refused.start();
  assert.deepEqual([refused.stage, refused.counts().waiting], ['paused', 20]);

  let n = 0;
  const stopped = run(serials, async () => { if (++n === 3) stopped.stop(); return { accepted_at_ms: 1 }; });
  await stopped.start();
  assert.equal(stopped.stage, 'stopped');
  assert.ok(stopped.counts().done < 20 && stopped.counts().sending === 0);
  await stopped.start();
  assert.deepEqual([stopped.stage, n], ['finished', 20]);
});

test('the state of the streams is judged by its worst finding', () => {
  const now = MORNING * 1000;
  const stream = (more = {}, publisher = {}) => ({ stream: /** @type {const} */ ('control'), topic: 'railgate.control', epoch: 1, lease_until_ms: now + 2000, here: true, waiting: 0,
    partitions: [{ partition: 0, waiting: 0, last: 9, watermark_ms: now - 300 }], publisher: { failures: 0, republications: 0, topic_faults: 0, ...publisher }, ...more });
  const of = (s, more = {}) => {
    const found = judgeStream(s, { now_ms: now, issuer_ms: now, ready: true, waiting_on: [], streams: [s], ...more });
    return [worst(found), found[0].key];
  };
  assert.deepEqual(of(stream()), ['good', 'working']);
  assert.deepEqual(of(stream({ waiting: 3, oldest_ms: now - 1000 })), ['good', 'sending']);
  assert.deepEqual(of(stream({ waiting: 3, oldest_ms: now - 6000 })), ['warn', 'late']);
  assert.deepEqual(of(stream({ waiting: 3, oldest_ms: now - 31_000 })), ['bad', 'late']);
  assert.deepEqual(of(stream({ lease_until_ms: undefined, here: false })), ['bad', 'noLease']);
  assert.deepEqual(of(stream({}, { failing: 'no broker', failing_since: MORNING - 9 })), ['bad', 'failing']);
  assert.deepEqual(of(stream({ partitions: [{ partition: 0, waiting: 0, last: 1, watermark_ms: now - 7000 }] })), ['warn', 'silent']);
  assert.deepEqual(of(stream({ partitions: [{ partition: 0, waiting: 0, last: 1, watermark_ms: now - 16 * 60_000 }] })), ['bad', 'denying']);
  assert.equal(of(stream({ here: false, partitions: [{ partition: 0, waiting: 0, last: 1 }], publisher: undefined }))[0], 'good');
  assert.deepEqual(of(stream({}, { topic_faults: 2 })), ['warn', 'topic']);
  assert.deepEqual(judgeIssuer({ now_ms: now, issuer_ms: now + 9000, ready: false, waiting_on: ['no key'], streams: [] }).map((f) => f.key), ['notReady', 'cause', 'skew']);
});

test('fields of date and time are Beijing’s', () => {
  assert.equal(toField(MORNING), '2026-02-10T08:00');
  assert.equal(fromField('2026-02-10T08:00'), MORNING);
  assert.equal(fromField('2026-02-10T08:00:30'), MORNING + 30);
  assert.equal(fromField(''), null);
  assert.equal(fromField('2026-02-30'), null);
});
