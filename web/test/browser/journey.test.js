// The way of a passenger through the pages: the handheld's camera sees the code on the passenger's screen.
import assert from 'node:assert/strict';
import test from 'node:test';

import { axeAll, call, holder, photograph, register, revoke, sell, shot, start } from './harness.js';
import { apply, passFaceCheck, setUp, showCode } from './ways.js';

const { system, open, show } = await start();
const WAIT = 15_000;

/** Waits for a verdict and returns its light, reason and source. */
async function verdict(page, reason) {
  const view = page.locator(reason ? `main.verdict[data-reason=${reason}]` : 'main.verdict');
  await view.waitFor({ timeout: WAIT });
  const shown = await view.getAttribute('class');
  return { light: shown.split(' ')[1], reason: await view.getAttribute('data-reason'), offline: /离线判定|Judged offline/.test(await view.innerText()), text: await view.innerText() };
}

/** Shows a code to the handheld after it has seen nothing for a while, and returns the verdict. */
async function scan(page, picture, reason) {
  show(null);
  await page.waitForTimeout(300);
  show(picture);
  const got = await verdict(page, reason);
  show(null);
  return got;
}

/** Closes the verdict. */
async function next(page) {
  const button = page.getByRole('button', { name: /^(下一位|Next)$/ });
  if (await button.isVisible()) await button.click();
  await page.locator('main.verdict').waitFor({ state: 'detached' });
}

/** Goes offline as a phone does, and waits until the handheld says so. */
async function cut(page) {
  await page.context().setOffline(true);
  await page.locator('nav.line.offline').waitFor({ timeout: WAIT });
}

/** Opens a handheld with a bundle. */
async function handheld(t, how) {
  const page = await open(t, 'handheld', how);
  await setUp(page, system);
  await page.locator('nav.line .age:not(.old)').waitFor({ timeout: WAIT });
  return page;
}

test('from the application to the gate: green online, amber at the second use, red after a revocation', { timeout: 120_000 }, async (t) => {
  const { account } = await register(system, 10);
  await sell(system, account);
  const phone = await open(t, 'passenger');
  await apply(phone, 10);
  await passFaceCheck(phone);
  await showCode(phone);
  await shot(phone, 'passenger-code-zh');
  await axeAll(phone, 'code');
  const picture = await photograph(phone.locator('canvas'));
  const device = await handheld(t);
  const first = await scan(device, picture);
  assert.deepEqual([first.light, first.reason, first.offline], ['green', 'ok', false]);
  assert.match(first.text, /G101/);
  assert.match(first.text, /05[\s\S]*12F/);
  await next(device);
});
