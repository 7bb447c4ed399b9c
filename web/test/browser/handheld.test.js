// The handheld's page by itself: first start, camera, one action for one code, keys, settings, and every view for everyone.
import assert from 'node:assert/strict';
import test from 'node:test';

import { axeAll, gate, passes, setupText, shot, start } from './harness.js';

const { system, open, show } = await start();
const pass = passes(system);
const WAIT = 15_000;
/** A device that needs no ticket, and refuses a second use. */
const turnstile = () => setupText(system, { device: 'turnstile', credential: system.turnstile, scopes: ['entry', 'exit'] });

/** Sets the page up with a text and begins to scan. */
async function setUp(page, text = turnstile(), duty = /进站检票|^Entry/) {
  await page.getByRole('button', { name: /粘贴启用文字|Paste the setup text/ }).click();
  await page.locator('#text').fill(text);
  await page.getByRole('button', { name: /^(启用|Set up)$/ }).click();
  await page.getByRole('button', { name: duty }).click();
  await page.locator('.scan').waitFor();
}

const verdict = (page, reason) => page.locator(`main.verdict[data-reason=${reason}]`);
const go = async (page, view) => {
  await page.evaluate((view) => { location.hash = view; }, view);
  await page.locator('h1').first().waitFor();
};

/** Fails if a button or link is smaller than a gloved finger. */
async function roomy(page, name) {
  const small = await page.evaluate(() => [...document.querySelectorAll('button, a, select, summary, input:not([type=checkbox], [type=range])')]
    .map((el) => ({ text: el.textContent?.trim() || el.id, box: el.getBoundingClientRect() })).filter(({ box }) => box.width > 0 && (box.height < 64 || box.width < 64)).map(({ text, box }) => `${text}: ${box.width} × ${box.height}`));
  assert.deepEqual(small, [], name);
}

test('first start: a setup code is scanned; other codes are refused in words', { timeout: 60_000 }, async (t) => {
  show(null);
  const page = await open(t, 'handheld');
  await page.getByRole('heading', { name: '启用这台手持机' }).waitFor();
  await axeAll(page, 'setup');
  await roomy(page, 'setup');
  await shot(page, 'handheld-setup-zh');
  await page.getByRole('button', { name: '扫描启用码' }).click();
  show('https://example.com/menu');
  await page.getByText('这不是启用码。').waitFor({ timeout: WAIT });
  await axeAll(page, 'setup, camera');
  show(turnstile());
  await page.getByRole('heading', { name: '选择作业' }).waitFor({ timeout: WAIT });
  show(null);
  await axeAll(page, 'duty');
  await page.getByRole('button', { name: '出站检票' }).click();
  await page.locator('a.pill').getByText('出站检票').waitFor();
  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage }) + location.href + document.title);
  assert.ok(!kept.includes('rgd_'), 'the credential is nowhere in the clear');
});

test('a setup text with a fault is refused beside its field, and leaves the page when it is accepted', { timeout: 60_000 }, async (t) => {
  const page = await open(t, 'handheld', { language: 'en' });
  await page.getByRole('button', { name: 'Paste the setup text' }).click();
  for (const [text, said] of [['RG1:NOTHING', /not a setup code/], [turnstile().replace('rgd_', 'rg_'), /has a fault \(credential\)/], [turnstile().replace('"v":1', '"v":2'), /newer version/], ['<script>alert(1)</script>', /not a setup code/]]) {
    await page.locator('#text').fill(text);
    await page.getByRole('button', { name: /^Set up$/ }).click();
    await page.locator('#text-fault').getByText(said).waitFor();
  }
  await axeAll(page, 'setup, refused');
  await page.locator('#text').fill(turnstile());
  await page.getByRole('button', { name: /^Set up$/ }).click();
  await page.getByRole('heading', { name: 'Choose your duty' }).waitFor();
  const second = await open(t, 'handheld', { context: page.context() });
  await second.getByText('Open in another tab').waitFor();
  await axeAll(second, 'other tab');
});

test('a code is judged once, green closes by itself, a second phone follows at once', { timeout: 60_000 }, async (t) => {
  show(null);
  const page = await open(t, 'handheld');
  await setUp(page);
  await page.locator('[data-camera]').waitFor({ state: 'detached' });
  const checks = () => page.evaluate(() => performance.getEntriesByName('verify').length);
  show(await pass());
  await verdict(page, 'ok').waitFor({ timeout: WAIT });
  assert.match(await page.locator('main.verdict').getAttribute('class'), /green/);
  await axeAll(page, 'green');
  await page.locator('main.verdict').waitFor({ state: 'detached' });
  await page.waitForTimeout(4500); // longer than the rest of a code: it is still in the picture
  assert.equal(await checks(), 1);
  show(await pass());
  await verdict(page, 'ok').waitFor({ timeout: WAIT });
  const [one, two] = [await pass(), await pass()];
  show(one);
  await page.waitForFunction((n) => performance.getEntriesByName('scan').length >= n, 3, { timeout: WAIT });
  await page.locator('main.verdict').waitFor({ state: 'detached' });
  show(one, two); // two phones by turns
  await verdict(page, 'ok').waitFor({ timeout: WAIT });
  await page.locator('main.verdict').waitFor({ state: 'detached' });
  await page.waitForTimeout(2000);
  assert.equal(await checks(), 4, 'each phone once');
  show(null);
});

test('what does not admit waits for the staff, and can be scanned again', { timeout: 60_000 }, async (t) => {
  show(null);
  const page = await open(t, 'handheld');
  await setUp(page);
  const code = await pass();
  assert.equal((await gate(system, code, 'entry', system.device)).reason, 'ok');
  show('https://example.com/菜单');
  const malformed = verdict(page, 'malformed');
  await malformed.waitFor({ timeout: WAIT });
  assert.match(await malformed.innerText(), /不放行[\s\S]*Do not admit/);
  await axeAll(page, 'malformed');
  await roomy(page, 'malformed');
  show(code);
  await page.waitForTimeout(1500);
  assert.ok(await malformed.isVisible(), 'another code does not replace it');
  await page.keyboard.press('Space');
  await verdict(page, 'ok').waitFor({ timeout: WAIT });
  await page.locator('main.verdict').waitFor({ state: 'detached' });
  show('again');
  await malformed.waitFor({ timeout: WAIT });
  const checks = await page.evaluate(() => performance.getEntriesByName('verify').length);
  await page.waitForTimeout(200); // a tap at the moment in which a verdict appears does nothing
  await page.getByRole('button', { name: '重扫此码' }).click();
  await page.waitForFunction((before) => performance.getEntriesByName('verify').length === before + 1, checks, { timeout: WAIT });
  await malformed.waitFor({ timeout: WAIT });
  show(null);
});

test('without the camera: each fault has its screen, and codes can be pasted or typed by a scanner', { timeout: 90_000 }, async (t) => {
  for (const [camera, state, heading] of [['denied', 'denied', '相机未获允许'], ['none', 'absent', '未找到相机']]) {
    const page = await open(t, 'handheld', { camera });
    await setUp(page);
    await page.locator(`[data-camera=${state}]`).getByText(heading).waitFor();
    await axeAll(page, state);
    await roomy(page, state);
    await page.getByRole('button', { name: '粘贴文字核验' }).click();
    await page.locator('#text').fill('20494-17');
    await page.getByRole('button', { name: '核验', exact: true }).click();
    await page.getByText('这是序列号，不是二维码。').waitFor();
    await page.locator('#text').fill(`${await pass()}\r\n`);
    await page.getByRole('button', { name: '核验', exact: true }).click();
    await verdict(page, 'ok').waitFor({ timeout: WAIT });
    await page.locator('main.verdict').waitFor({ state: 'detached' });
    await go(page, 'menu');
    await page.evaluate((text) => { // as fast as a scanner types
      for (const key of [...text, 'Enter']) document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
    }, await pass());
    await verdict(page, 'ok').waitFor({ timeout: WAIT });
    await page.context().close().catch(() => {});
  }
});

for (const [language, dark] of [['zh', false], ['en', true]]) {
  test(`every view, ${language}${dark ? ', dark' : ''}`, { timeout: 120_000 }, async (t) => {
    show(null);
    const page = await open(t, 'handheld', { language, dark });
    await setUp(page, setupText(system));
    await page.locator('nav.line .age:not(.old)').waitFor({ timeout: WAIT });
    for (const view of ['', 'menu', 'duty', 'data', 'queue', 'conflicts', 'recent', 'paste', 'settings']) {
      await go(page, view);
      await axeAll(page, view || 'scan');
      await roomy(page, view || 'scan');
      assert.equal(await page.locator('h1').count(), 1, view);
      assert.ok(await page.locator('nav.line .age').isVisible(), `the age of the data is visible in ${view || 'scan'}`);
      await shot(page, `handheld-${view || 'scan'}-${language}`);
    }
    await page.setViewportSize({ width: 844, height: 390 });
    await go(page, '');
    await axeAll(page, 'scan, landscape');
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, 'nothing is cut off');
  });
}

test('settings stay, and a device is retired', { timeout: 60_000 }, async (t) => {
  const page = await open(t, 'handheld');
  await setUp(page);
  await go(page, 'settings');
  await page.getByRole('button', { name: '点按关闭' }).click();
  await page.getByRole('button', { name: '左手' }).click();
  await page.reload();
  assert.equal(await page.getByRole('button', { name: '左手' }).getAttribute('aria-pressed'), 'true');
  await go(page, '');
  show(await pass());
  await verdict(page, 'ok').waitFor({ timeout: WAIT });
  show(null);
  await page.waitForTimeout(2500);
  await page.getByRole('button', { name: '下一位' }).click();
  await go(page, 'settings');
  await page.getByRole('button', { name: '停用本机' }).click();
  await page.getByRole('button', { name: '确认停用' }).click();
  await page.getByRole('heading', { name: '启用这台手持机' }).waitFor();
});
