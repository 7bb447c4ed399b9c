// Every view of the passenger's page and of the handheld's: axe in both languages and in forced colours, and a picture.
// web/test/browser/desk.test.js does it for the desk.
import assert from 'node:assert/strict';
import test from 'node:test';

import { axeAll, PASSWORD, register, shot, start } from './harness.js';
import { setUp } from './ways.js';

const { system, open } = await start();

const WITHOUT_LOGIN = ['', 'services', 'apply', 'return', 'records', 'result', 'code', 'login', 'register', 'recover', 'notice', 'privacy', 'account', 'nowhere'];
const WITH_LOGIN = ['', 'apply', 'records', 'account', 'profile', 'profile/edit', 'password', 'phone', 'verify', 'passengers', 'passengers/add', 'account-code', 'data', 'close', 'logout'];
const HANDHELD = ['', 'menu', 'duty', 'data', 'queue', 'conflicts', 'recent', 'paste', 'settings'];

/** Goes to a view and waits until it is drawn and has its data. */
async function visit(page, fragment) {
  await page.evaluate((to) => { location.hash = to; }, fragment);
  await page.waitForTimeout(100);
  await page.waitForFunction(() => document.querySelector('h1') && !document.querySelector('[aria-busy=true], .bone'));
}

/** Checks a view in both languages. */
async function both(page, name) {
  for (const language of ['zh', 'en']) {
    await page.waitForTimeout(100);
    assert.equal(await page.evaluate(() => document.documentElement.lang), language === 'zh' ? 'zh-CN' : 'en');
    assert.equal(await page.locator('h1').count(), 1, `${name}: one h1`);
    await axeAll(page, `${name}, ${language}`);
    await shot(page, `${name}-${language}`);
    await page.evaluate(async () => {
      const { language, setLanguage } = await import('/ui/language.js');
      setLanguage(language() === 'zh' ? 'en' : 'zh');
    });
  }
}

test('every view of a passenger without a login', { timeout: 180_000 }, async (t) => {
  const page = await open(t, 'passenger');
  for (const view of WITHOUT_LOGIN) {
    await visit(page, view);
    await both(page, `passenger-${({ '': 'home', code: 'no-code', result: 'no-result' })[view] ?? view}`);
  }
});

test('every view of a passenger with a login', { timeout: 180_000 }, async (t) => {
  const { login } = await register(system, 200);
  const page = await open(t, 'passenger', { fragment: 'login' });
  await page.locator('#login_name').fill(login);
  await page.locator('#password').fill(PASSWORD);
  await page.getByRole('button', { name: /^(登录|Log in)$/ }).click();
  await page.waitForFunction(() => location.hash !== '#login');
  for (const view of WITH_LOGIN) {
    await visit(page, view);
    await both(page, `passenger-own-${view.replace('/', '-') || 'home'}`);
  }
});

test('every view of the handheld', { timeout: 180_000 }, async (t) => {
  const page = await open(t, 'handheld');
  await visit(page, '');
  await both(page, 'handheld-setup');
  await setUp(page, system);
  for (const view of HANDHELD) {
    await visit(page, view);
    await both(page, `handheld-${view || 'scan'}`);
  }
});

test('dark colours', { timeout: 90_000 }, async (t) => {
  const phone = await open(t, 'passenger', { dark: true });
  for (const view of ['', 'apply', 'notice']) {
    await visit(phone, view);
    await axeAll(phone, `${view}, dark`);
  }
  await visit(phone, '');
  await shot(phone, 'passenger-home-dark-zh');
  const desk = await open(t, 'desk', { dark: true });
  await desk.locator('h1').waitFor();
  await axeAll(desk, 'desk, dark');
});
