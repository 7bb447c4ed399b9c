// The code without a network: 30 minutes in aeroplane mode, a phone whose clock is wrong, and a page that is opened again.
import assert from 'node:assert/strict';
import test from 'node:test';

import { check } from '../../railgate/check.js';
import { parseText, unhex } from '../../railgate/code.js';
import { publicKey } from '../../railgate/ed25519.js';
import { axeAll, photograph, shot, start } from './harness.js';
import { read } from './reader.js';
import { apply, passFaceCheck, showCode } from './ways.js';

const { system, open } = await start();
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const keys = new Map();
for (const [id, key] of system.keys) keys.set(id, { public: await publicKey(unhex(key)) });
const known = { key: (id) => keys.get(id), revoked: () => false, cutoff: () => 0, closed: () => false };

/** Opens a code with a clock that the test moves; `off` is how far the phone's clock is ahead, ms. */
async function codeOf(t, n, off = 0) {
  const page = await open(t, 'passenger', { before: (page) => page.clock.install({ time: Date.now() + off }) });
  await apply(page, n);
  await passFaceCheck(page);
  await showCode(page);
  return page;
}

/** Reads the code on the screen, and returns it with the gate's reason at a time. */
async function readCode(page, ms) {
  const [text] = await read(await photograph(page.locator('canvas')));
  const code = parseText(text);
  return { step: code.step, reason: await check(code, Math.floor(ms / 1000), 'entry', known) };
}

/** Stops the network and counts the page's requests from now on. */
async function aeroplaneMode(page) {
  await page.waitForTimeout(500); // the service worker has its files
  await page.context().setOffline(true);
  page.requests.length = 0;
  return () => page.requests.filter(({ url }) => /^http/.test(url));
}

for (const [name, off] of [['30 minutes in aeroplane mode', 0], ['a phone whose clock is 5 hours ahead', 5 * HOUR], ['a phone whose clock is 5 hours behind', -5 * HOUR]]) {
  test(name, { timeout: 120_000 }, async (t) => {
    const page = await codeOf(t, 100 + off / HOUR, off);
    const requests = await aeroplaneMode(page);
    const time = () => page.evaluate(() => Date.now()).then((ms) => ms - off);
    await page.clock.pauseAt((await page.evaluate(() => Date.now())) + 2000);
    const steps = new Set();
    let minutes = 0;
    const pause = off === 0 ? 1 : 7;
    for (; minutes < 29; minutes += pause) {
      const { step, reason } = await readCode(page, await time());
      assert.equal(reason, 'ok', `minute ${minutes}, step ${step}`);
      steps.add(step);
      await page.clock.runFor(pause * MINUTE);
    }
    assert.equal(steps.size, minutes / pause, 'another code each time');
    await page.clock.runFor(2 * MINUTE);
    await page.getByRole('heading', { name: '请重新进行实人核验' }).waitFor();
    assert.equal(await page.locator('canvas').count(), 0);
    assert.deepEqual(requests(), [], 'requests without a network');
    if (off !== 0) return;
    await page.clock.resume();
    await axeAll(page, 'session over');
    await shot(page, 'passenger-over-zh');
  });
}

test('the page opens again without a network and shows the code', { timeout: 60_000 }, async (t) => {
  const page = await open(t, 'passenger');
  await apply(page, 120);
  await passFaceCheck(page);
  await showCode(page);
  await page.evaluate(() => navigator.serviceWorker.ready);
  await page.waitForTimeout(500);
  await page.context().setOffline(true);
  await page.reload();
  await page.locator('canvas').waitFor();
  assert.equal((await readCode(page, Date.now())).reason, 'ok');
  await page.getByText('当前无网络').waitFor();
  await shot(page, 'passenger-offline-zh');
});
