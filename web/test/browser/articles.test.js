// The sentences of the articles that are about pages: docs/rules.md names these tests.
import assert from 'node:assert/strict';
import test from 'node:test';

import { PASSWORD, register, start } from './harness.js';

const { system, open } = await start();
const patience = { timeout: 60_000 };

/** Reports whether the form of the temporary ID is shown. */
const atForm = (page) => page.getByRole('button', { name: '立即申请' }).waitFor();

test('T03: the page is under 温馨服务 at the top right of the home page', patience, async (t) => {
  const page = await open(t, 'passenger', { language: 'zh' });
  const entry = page.locator('header').getByRole('link', { name: '温馨服务' });
  const { x, y, width } = await entry.boundingBox();
  assert.ok(x + width / 2 > page.viewportSize().width / 2 && y < 80, `the entry is ${width} wide at ${x}, ${y}`);
  await entry.click();
  await page.getByRole('link', { name: /乘坐旅客列车临时身份证明/ }).click();
  await atForm(page);
});

test('T04: the page is also under 更多, 温馨服务', patience, async (t) => {
  const page = await open(t, 'passenger', { language: 'zh' });
  await page.getByRole('navigation', { name: '更多' }).getByRole('link', { name: /温馨服务/ }).click();
  await page.getByRole('link', { name: /临时身份证明/ }).first().click();
  await atForm(page);
});

test('G23: passengers are added under 常用联系人, 增加', patience, async (t) => {
  const { login } = await register(system, 760);
  const page = await open(t, 'passenger', { language: 'zh' });
  await page.getByRole('link', { name: /登录/ }).click();
  await page.getByLabel('用户名', { exact: true }).fill(login);
  await page.getByLabel('密码', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: '登录', exact: true }).click();
  await page.getByRole('link', { name: /常用联系人/ }).click();
  await page.getByRole('link', { name: /增加/ }).click();
  await page.getByLabel('姓名', { exact: true }).waitFor();
  assert.equal(await page.locator('form [name=sex], form [name=gender]').count(), 0);
});
