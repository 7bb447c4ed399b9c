// The way of a passenger through the pages: the handheld's camera sees the code on the passenger's screen.
import assert from 'node:assert/strict';
import test from 'node:test';

import { axeAll, call, gate, holder, passes, photograph, register, revoke, sell, shot, start } from './harness.js';
import { apply, cut, next, passFaceCheck, reconnect, scan, setUp, showCode } from './ways.js';

const { system, open, show } = await start();
const WAIT = 15_000;

/** Opens a handheld with a bundle. */
async function handheld(t, how) {
  const page = await open(t, 'handheld', how);
  await setUp(page, system);
  return page;
}

/** Waits until the gateway refuses a code: what the issuer accepts must reach it. */
async function untilRefused(code) {
  for (const end = Date.now() + 5000; Date.now() < end && (await gate(system, code)).reason === 'ok';) await new Promise((r) => setTimeout(r, 50));
}

/** Waits until the gateways have told each other the latest passage: some 10 ms on an idle machine. */
const told = () => new Promise((r) => setTimeout(r, 4000));

/** Lets the handheld fetch a bundle that has all that happened. */
async function freshBundle(page) {
  await page.waitForTimeout(500); // the demo makes one every 50 ms
  await page.goto(`${system.handheld}#data`);
  await page.getByRole('button', { name: /立即更新|Update now/ }).click();
  await page.getByText(/已更新。|Updated\./).waitFor({ timeout: WAIT });
  await page.goto(`${system.handheld}#`);
  await page.waitForFunction(() => document.querySelector('video')?.readyState === 4);
}

test('from the application to the gate, online and offline', { timeout: 120_000 }, async (t) => {
  const { account } = await register(system, 10);
  await sell(system, account);
  const phone = await open(t, 'passenger');
  await shot(phone, 'passenger-home-zh');
  await apply(phone, 10);
  await passFaceCheck(phone);
  await showCode(phone);
  await shot(phone, 'passenger-code-zh');
  await axeAll(phone, 'code');
  const screen = () => photograph(phone.locator('canvas'));
  const device = await handheld(t);
  const first = await scan(device, show, await screen());
  assert.deepEqual([first.light, first.reason, first.source], ['green', 'ok', 'online']);
  assert.match(first.text, /G101[\s\S]*05[\s\S]*12F/);
  await shot(device, 'handheld-green-zh');
  await next(device);

  await t.test('the network is cut: the next passenger is judged from the bundle', async () => {
    const other = await holder(system, 11);
    await freshBundle(device);
    await cut(device);
    await shot(device, 'handheld-offline-zh');
    const got = await scan(device, show, other.code());
    assert.deepEqual([got.light, got.reason, got.source], ['amber', 'ok', 'offline'], 'no ticket: a second look');
    await axeAll(device, 'amber, offline');
    await shot(device, 'handheld-amber-zh');
    await next(device);
  });

  await t.test('the passenger of the first passage again: amber for the same code, red for the next one', async () => {
    const got = await scan(device, show, await screen());
    assert.deepEqual([got.light, got.source], [got.reason === 'ok' ? 'amber' : 'red', 'offline']);
    await next(device);
  });

  await t.test('the scan is uploaded when the network returns', async () => {
    await device.locator('nav.line').getByText(/待上传 \d/).waitFor();
    await reconnect(device);
    await device.locator('nav.line').getByText(/待上传/).waitFor({ state: 'detached', timeout: WAIT });
  });
});

test('green offline with a ticket', { timeout: 90_000 }, async (t) => {
  const { account } = await register(system, 12);
  await sell(system, account, { train: 'G7', coach: '01', seat: '1A' });
  const one = await holder(system, 12);
  const device = await open(t, 'handheld', { language: 'en' });
  await setUp(device, system, { duty: /^On board/, train: 'G7' });
  await freshBundle(device);
  await cut(device);
  const got = await scan(device, show, one.code());
  assert.deepEqual([got.light, got.reason, got.source], ['green', 'ok', 'offline']);
  assert.match(got.text, /G7[\s\S]*01[\s\S]*1A/);
  await axeAll(device, 'green, offline');
  await shot(device, 'handheld-green-offline-en');
});

test('revoked: refused online and offline', { timeout: 90_000 }, async (t) => {
  const one = await holder(system, 13);
  const device = await handheld(t);
  await revoke(system, one.serial);
  await untilRefused(one.code());
  const online = await scan(device, show, one.code());
  assert.deepEqual([online.light, online.reason, online.source], ['red', 'revoked', 'online']);
  assert.match(online.text, /不放行/);
  await shot(device, 'handheld-revoked-zh');
  await next(device);
  await freshBundle(device);
  await cut(device);
  await device.waitForTimeout(3000); // a code that has just been judged is not judged again
  const offline = await scan(device, show, one.code());
  assert.deepEqual([offline.light, offline.reason, offline.source], ['red', 'revoked', 'offline']);
});

test('a code that nobody signed is red', { timeout: 60_000 }, async (t) => {
  const device = await handheld(t);
  const text = await passes(system)();
  const at = 40;
  const forged = text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
  const got = await scan(device, show, forged);
  assert.equal(got.light, 'red');
  assert.match(got.text, /不放行/);
});

test('a second use is red: at another station online, at another gate of the station offline', { timeout: 90_000 }, async (t) => {
  const one = await holder(system, 14);
  assert.equal((await call('POST', `${system.second.gateway}/v1/check?scope=entry`, { bearer: system.second.device, body: one.code() })).reason, 'ok');
  await told();
  const device = await handheld(t);
  const got = await scan(device, show, one.code());
  assert.deepEqual([got.light, got.reason, got.source], ['red', 'already_used', 'online']);
  await axeAll(device, 'red');
  await shot(device, 'handheld-red-zh');
  await next(device);
  const other = await holder(system, 17);
  assert.equal((await gate(system, other.code(), 'entry', system.turnstile)).reason, 'ok'); // a bundle has the passages of its station
  await freshBundle(device);
  await cut(device);
  const offline = await scan(device, show, other.code());
  assert.deepEqual([offline.light, offline.reason, offline.source], ['red', 'already_used', 'offline']);
});

test('a conflict is listed with place and gap', { timeout: 90_000 }, async (t) => {
  const one = await holder(system, 15);
  const device = await handheld(t);
  await freshBundle(device);
  await cut(device);
  const offline = await scan(device, show, one.code());
  assert.deepEqual([offline.reason, offline.source], ['ok', 'offline']);
  await next(device);
  assert.equal((await call('POST', `${system.second.gateway}/v1/check?scope=entry`, { bearer: system.second.device, body: one.code() })).reason, 'ok');
  await told();
  await reconnect(device);
  await device.locator('nav.line').getByText(/冲突 1/).click({ timeout: WAIT });
  const conflict = device.locator('article.conflict');
  await conflict.getByText(one.serial).waitFor();
  await axeAll(device, 'conflicts');
  await shot(device, 'handheld-conflict-zh');
  assert.match(await conflict.innerText(), /相隔[\s\S]*秒/);
  await conflict.getByRole('button', { name: '已处理' }).click();
  await device.locator('nav.line').getByText(/冲突/).waitFor({ state: 'detached' });
});

test('a handheld starts again without a network', { timeout: 90_000 }, async (t) => {
  const one = await holder(system, 16);
  const device = await handheld(t);
  await freshBundle(device);
  await device.evaluate(() => navigator.serviceWorker.ready);
  await device.waitForTimeout(1000);
  await device.context().setOffline(true);
  await device.reload();
  await device.locator('nav.line.offline').waitFor({ timeout: WAIT });
  await device.waitForFunction(() => document.querySelector('video')?.readyState === 4);
  const got = await scan(device, show, one.code());
  assert.deepEqual([got.reason, got.source], ['ok', 'offline']);
});
