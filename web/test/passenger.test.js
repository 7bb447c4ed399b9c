import assert from 'node:assert/strict';
import test from 'node:test';

import { back } from '../railgate/chain.js';
import { parseText, unhex } from '../railgate/code.js';
import { cleanNumber, isNumber } from '../passenger/number.js';
import { codeText, endOf, linksOf, makeChain, momentOf, serialBytes, sessionOf } from '../passenger/session.js';

const SERIAL = '20494-70000';
const APPROVED = 20494 * 86400 - 28800 + 600;

/** Returns an issuer's answer for a chain. The signature is not checked here. */
function opened(anchor, start = APPROVED + 30) {
  const pass = new Uint8Array(108);
  const view = new DataView(pass.buffer);
  pass[0] = 1;
  view.setUint16(1, 7);
  pass.set(serialBytes(SERIAL), 3);
  view.setUint32(17, start);
  view.setUint32(21, APPROVED + 86400);
  pass.set([60, 30, 127], 25);
  pass.set(unhex(anchor), 28);
  return {
    session: 'ses_0', pass: Buffer.from(pass).toString('hex'), serial: SERIAL, server_time_ms: start * 1000, start_at: start,
    period_seconds: 60, length: 30, expires_at: APPROVED + 86400,
  };
}

test('each of the 30 codes of a session leads to the anchor that the issuer signed', async () => {
  const { seed, anchor } = await makeChain(SERIAL);
  const session = await sessionOf('app_0', opened(anchor), seed, 0);
  const links = await linksOf(session);
  for (let step = 0; step < 30; step++) {
    const code = parseText(codeText(session, links, step));
    assert.equal(code.step, step);
    assert.equal(code.serial, SERIAL);
    let link = code.link;
    for (let at = step; at >= 0; at--) link = await back(link, at, serialBytes(SERIAL));
    assert.deepEqual([...link], [...code.anchor]);
  }
});

test('every seed is new', async () => {
  const seeds = await Promise.all(Array.from({ length: 50 }, () => makeChain(SERIAL)));
  assert.equal(new Set(seeds.map(({ seed }) => seed)).size, 50);
});

test('a pass of another chain, serial or start is refused', async () => {
  const { seed, anchor } = await makeChain(SERIAL);
  const other = await makeChain(SERIAL);
  await assert.rejects(sessionOf('app_0', opened(other.anchor), seed, 0));
  await assert.rejects(sessionOf('app_0', { ...opened(anchor), serial: '20494-70001' }, seed, 0));
  await assert.rejects(sessionOf('app_0', { ...opened(anchor), start_at: APPROVED + 31 }, seed, 0));
});

test('the steps of a session change every 60 seconds for 30 minutes', async () => {
  const { seed, anchor } = await makeChain(SERIAL);
  const session = await sessionOf('app_0', opened(anchor), seed, 0);
  const at = (seconds) => momentOf(session, (session.start + seconds) * 1000);
  assert.deepEqual(at(0), { step: 0, left: 60, rest: 1800, over: false });
  assert.deepEqual(at(-3), { step: 0, left: 60, rest: 1803, over: false });
  assert.deepEqual(at(59.9), { step: 0, left: 1, rest: 1741, over: false });
  assert.deepEqual(at(60), { step: 1, left: 60, rest: 1740, over: false });
  assert.deepEqual(at(1799.5), { step: 29, left: 1, rest: 1, over: false });
  assert.deepEqual(at(1800), { step: 29, left: 0, rest: 0, over: true });
  assert.equal(at(90_000).step, 29);
});

test('a session ends with its credential', async () => {
  const { seed, anchor } = await makeChain(SERIAL);
  const start = APPROVED + 86400 - 90;
  const session = await sessionOf('app_0', opened(anchor, start), seed, 0);
  assert.equal(endOf(session), start + 90);
  assert.deepEqual(momentOf(session, (start + 70) * 1000), { step: 1, left: 20, rest: 20, over: false });
  assert.equal(momentOf(session, (start + 90) * 1000).over, true);
});

test('numbers of resident ID cards', () => {
  for (const good of ['11010519491231002X', '440524188001010014', '110105199003074616']) assert.ok(isNumber(good), good);
  for (const bad of ['', '110105491231002', '11010519491231002x', '110105194912310021', '01010519491231002X', '11010519491231002XX', '1101051949123100 2X']) {
    assert.ok(!isNumber(bad), bad);
  }
  assert.equal(cleanNumber(' １１０１０５ 1949-1231-002ｘ '), '11010519491231002X');
});
