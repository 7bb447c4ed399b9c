/**
 * The ways of police desks, operators and the national authority at the desk.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { axeAll, call, gate, holder, register, shot, start } from './harness.js';

const BOUND = { timeout: 120_000 };
const { system, open, show } = await start();

/** Opens the desk, logs in and opens a view. */
async function desk(t, view, how = {}) {
  const page = await open(t, 'desk', how);
  await page.locator('#credential').fill(system.staff);
  await page.locator('#credential').press('Enter');
  await page.locator('nav').waitFor();
  await to(page, view);
  return page;
}

async function to(page, view) {
  await page.evaluate((/** @type {string} */ id) => { location.hash = id; }, view);
  await page.locator(`nav a[href="#${view}"][aria-current=page]`).waitFor();
}

/** Confirms the dialog, with a reason if it asks for one, and closes it. */
async function confirm(page, reason) {
  const dialog = page.getByRole('dialog');
  if (reason) await dialog.locator('#reason').selectOption(reason);
  await dialog.locator('.actions button').first().click();
  await dialog.locator('.notice.good').waitFor();
  await dialog.locator('.actions button').first().click();
  await dialog.waitFor({ state: 'hidden' });
}

/** Waits until the gate gives a verdict. */
async function verdict(code, want) {
  let last;
  for (const bound = Date.now() + 10_000; Date.now() < bound; await sleep(50)) {
    last = await gate(system, code());
    if (last.reason === want) return last;
  }
  assert.fail(`the gate says ${last?.reason}, want ${want}`);
}

async function lookUp(page, text) {
  await page.locator('#serial').fill(text);
  await page.locator('#serial').press('Enter');
}

test('police revokes a scanned credential, gates refuse it, and the desk undoes it', BOUND, async (t) => {
  const who = await holder(system, 61);
  assert.equal((await gate(system, who.code())).reason, 'ok');
  const page = await desk(t, 'credential');
  const text = who.code();
  await lookUp(page, text);
  await page.getByRole('heading', { name: who.serial }).waitFor();
  assert.equal(await page.locator('#serial').inputValue(), who.serial, 'a code stays on the screen');
  assert.ok(!page.url().includes(who.serial) && !(await page.title()).includes(who.serial));
  await axeAll(page, 'credential');
  await shot(page, 'authority-found-zh');

  await page.getByRole('button', { name: '撤销', exact: true }).click();
  await shot(page, 'authority-revoke-zh');
  await axeAll(page, 'revoke');
  await page.getByRole('dialog').locator('.actions button').first().click();
  await page.getByText('请选择原因').waitFor();
  await confirm(page, 'fraud');
  await verdict(who.code, 'revoked');
  await page.locator('.credential .chip.bad').waitFor();

  await page.getByRole('button', { name: '恢复', exact: true }).click();
  await confirm(page);
  await verdict(who.code, 'ok');

  await page.getByRole('button', { name: '再次放行' }).click();
  await confirm(page, 'gate_fault');
  await page.getByRole('button', { name: '查看审计记录' }).click();
  await page.locator('.log tbody tr').nth(3).waitFor();
  const log = await page.locator('.log tbody').innerText();
  for (const word of ['撤销证明', '恢复证明', '再次放行', '查询证明', '冒用']) assert.ok(log.includes(word), word);
});

test('the camera reads the serial of a code', BOUND, async (t) => {
  const who = await holder(system, 62);
  show(who.code());
  const page = await desk(t, 'credential');
  await page.getByRole('button', { name: '摄像头扫码' }).click();
  await page.getByRole('heading', { name: who.serial }).waitFor({ timeout: 20_000 });
  show(null);
});

test('refusals are beside the field, with the next step', BOUND, async (t) => {
  const page = await desk(t, 'credential', { language: 'en' });
  for (const [text, fault] of [['', 'Scan a code or type a serial'], ['110105199003074616', 'This is not a serial'], ['RG1:AAAA', 'This code cannot be read'], ['20494-1', 'No temporary ID has this serial']]) {
    await lookUp(page, text);
    await page.locator('#serial-fault').getByText(fault).waitFor();
    assert.equal(await page.locator('#serial').getAttribute('aria-invalid'), 'true');
  }
  await axeAll(page, 'refusals');
});

test('a lost answer is looked up before anything is sent again', BOUND, async (t) => {
  const who = await holder(system, 63);
  const page = await desk(t, 'credential');
  await lookUp(page, who.serial);
  let sent = 0;
  await page.route('**/revoke', async (route) => {
    sent++;
    await route.fetch(); // the issuer acts, and its answer is lost
    await route.abort();
  });
  page.expected.push(/ERR_FAILED/);
  await page.getByRole('button', { name: '撤销', exact: true }).click();
  await page.locator('#reason').selectOption('staff');
  await page.getByRole('dialog').locator('.actions button').first().click();
  await page.getByRole('button', { name: '查询结果' }).click();
  await page.getByText('当前状态：已撤销').waitFor();
  assert.equal(sent, 1);
});

test('a list is checked line by line, and unrevoked once over a lost network', BOUND, async (t) => {
  const all = [];
  for (const n of [64, 65, 66]) {
    const who = await holder(system, n);
    await call('POST', `${system.issuer}/v1/credentials/${who.serial}/revoke`, { bearer: system.staff, body: { reason: 'staff' } });
    all.push(who);
  }
  const [day] = all[0].serial.split('-');
  const page = await desk(t, 'unrevoke');
  await page.locator('#list').fill([all[0].serial, 'wrong', `${all[1].serial}, remark`, all[0].serial, '20494-1', `${day}-2000000`, all[2].serial].join('\n'));
  await shot(page, 'authority-unrevoke-list-zh');
  await page.getByRole('button', { name: '检查清单' }).click();
  await page.getByRole('heading', { name: '4 份证明待恢复' }).waitFor();
  assert.equal(await page.locator('details tbody tr').count(), 3);
  await axeAll(page, 'unrevoke');

  const sent = new Map();
  let down = true;
  await page.route('**/unrevoke', async (route) => {
    const [, serial] = /credentials\/([^/]+)\//.exec(route.request().url()) ?? [];
    sent.set(serial, (sent.get(serial) ?? 0) + 1);
    if (down && serial !== all[0].serial) return route.abort();
    await route.continue();
  });
  page.expected.push(/ERR_FAILED/);
  await page.getByRole('button', { name: '开始恢复…' }).click();
  await confirm(page);
  await page.getByText('网络中断，已暂停').waitFor();
  await page.getByText('已恢复 1').waitFor();
  down = false;
  await page.getByRole('button', { name: '继续' }).click();
  await page.getByRole('heading', { name: '全部处理完毕' }).waitFor();
  await page.getByText('已恢复 3').waitFor();
  await page.getByText('未查询到该编号对应的证明').waitFor();
  assert.equal(sent.get(all[0].serial), 1, 'a line with an answer was sent again');
  await shot(page, 'authority-unrevoke-done-zh');
  for (const who of all) await verdict(who.code, 'ok');
  await page.getByRole('button', { name: '新清单' }).click();
  await page.locator('#list').fill(all.map((who) => who.serial).join('\n'));
  await page.getByRole('button', { name: '检查清单' }).click();
  await page.getByText('清单中没有可恢复的序列号').waitFor();
});

test('an amnesty is previewed, declared, listed and ended', BOUND, async (t) => {
  const page = await desk(t, 'amnesties');
  await page.getByText('当前没有放行时段').waitFor();
  const declare = page.getByRole('button', { name: '设置放行时段…' });
  await declare.click();
  await page.locator('#stations-fault').getByText('请填写站名').waitFor();
  await page.locator('#stations').fill('测试站\n测试站');
  await declare.click();
  await page.locator('#stations-fault').getByText('重复').waitFor();
  await page.locator('#stations').fill('测试站');
  await page.locator('#preview').getByText('测试站的进站和出站闸机不检查').waitFor();
  await axeAll(page, 'amnesties');
  await shot(page, 'authority-amnesty-preview-zh');
  await declare.click();
  await confirm(page, 'drill');
  const row = page.locator('.amnesty', { hasText: '测试站' });
  await row.getByText('进行中').waitFor();
  await row.getByRole('button', { name: '提前结束' }).click();
  await confirm(page);
  await row.getByText('已结束').waitFor();

  await page.getByLabel('全部车站').check();
  await page.getByLabel('出站').uncheck();
  await page.locator('#preview').getByText('全部车站的进站闸机').waitFor();
});

test('a paper proof is recorded, shown for printing and erased', BOUND, async (t) => {
  const page = await desk(t, 'paper');
  await page.locator('#name').fill('<script>alert(1)</script> \u202eabc');
  await page.locator('#number').fill('11010519900307461');
  await page.getByRole('button', { name: '登记并打印…' }).click();
  await page.locator('#reason').selectOption('no_phone');
  await page.getByRole('dialog').locator('.actions button').first().click();
  await page.locator('#number-fault').waitFor();
  await page.locator('#number').fill('110105199003074616');
  await page.getByRole('button', { name: '登记并打印…' }).click();
  await confirm(page, 'no_phone');
  await page.locator('.paper').getByText('<script>').waitFor();
  await axeAll(page, 'paper');
  await shot(page, 'authority-paper-issued-zh');
  await page.emulateMedia({ media: 'print' });
  assert.equal(await page.locator('.top').isVisible(), false);
  assert.equal(await page.locator('.paper').isVisible(), true);
  await page.emulateMedia({ media: null });
  await page.getByRole('button', { name: /^下一位/ }).click();
  assert.equal(await page.locator('.paper').count(), 0);
});

test('the authority records both results', BOUND, async (t) => {
  const { account } = await register(system, 67);
  for (const [number, code] of [['P1234567', 'FRA'], ['P7654321', 'NZL']]) await foreigner(account, 67, number, code);
  const page = await desk(t, 'foreign', { language: 'en' });
  await page.getByText('2 entries wait').waitFor();
  await axeAll(page, 'foreign');
  for (const [button, status] of [['Matches…', 'Verified'], ['Does not match…', 'Failed']]) {
    await page.getByRole('button', { name: 'View' }).first().click();
    await page.getByRole('button', { name: button }).click();
    const dialog = page.getByRole('dialog');
    await dialog.locator('.actions button').first().click();
    await dialog.getByText(status, { exact: false }).waitFor();
    await dialog.locator('.actions button').first().click();
  }
  await page.getByText('No entry waits').waitFor();
});

/** Adds a foreign passenger to an account; a window checks the document. */
async function foreigner(account, n, number, nationality) {
  const { token: login } = await call('POST', `${system.issuer}/v1/logins`, { body: { login_name: `traveller_${n}`, password: 'kuaiche-fuxing-4711' } });
  const { version: policy } = await call('GET', `${system.issuer}/v1/privacy-policy`);
  const added = await call('POST', `${system.issuer}/v1/account/passengers`, { bearer: login, body: { name: 'Test Visitor', document_type: 'passport', document_number: number, nationality, policy } });
  const entry = { account, passenger: added.passenger };
  const { version } = await call('POST', `${system.issuer}/v1/counter/looks`, { bearer: system.staff, body: entry });
  await call('POST', `${system.issuer}/v1/counter/verifications`, { bearer: system.staff, body: { ...entry, version, original: true, in_date: true, readable: true, matches: true } });
}

test('the audit log is searched, paged and exported', BOUND, async (t) => {
  const page = await desk(t, 'audit');
  await page.locator('.log tbody tr').first().waitFor();
  await axeAll(page, 'audit');
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: '导出已显示的记录' }).click()]);
  const lines = (await text(file)).trim().split('\n').map((line) => JSON.parse(line));
  assert.equal(lines.length, await page.locator('.log tbody tr').count());
  assert.ok(lines.every((e) => e.hash && e.action && !('proof' in e)));
  await page.locator('#kind').selectOption('credential');
  await page.getByRole('button', { name: '查询', exact: true }).click();
  await page.locator('#object-fault').getByText('请填写对象编号').waitFor();
  await page.locator('#object').fill('110105199003074616');
  await page.getByRole('button', { name: '查询', exact: true }).click();
  await page.locator('#object-fault').waitFor();
});

async function text(download) {
  const stream = await download.createReadStream();
  let all = '';
  for await (const part of stream) all += part;
  return all;
}

test('the chain is verified in the browser, and an altered answer is found', BOUND, async (t) => {
  const page = await desk(t, 'chain');
  await page.getByRole('button', { name: '开始验证' }).click();
  await page.getByText(/链完整：第 1 至 \d+ 条/).waitFor();
  await axeAll(page, 'chain');
  await shot(page, 'authority-chain-whole-zh');
  const anchor = await page.locator('.whole .digits').innerText();
  assert.match(anchor.replace(/\s/g, ''), /^[0-9a-f]{64}$/);

  await page.getByRole('button', { name: '重新验证' }).click(); // the machine's own anchor is part of the chain
  await page.getByText('与 1 个锚点一致').waitFor();

  const alter = async (/** @type {(part: any) => void} */ change) => {
    await page.route('**/v1/audit-log/chain*', async (route) => {
      const response = await route.fetch();
      const part = await response.json();
      change(part);
      await route.fulfill({ response, json: part });
    });
    await page.getByRole('button', { name: '重新验证' }).click();
  };
  await alter((part) => { part.entries[3].who = 'window-99'; });
  await page.getByText('审计链从第 4 条起有误').waitFor();
  await page.locator('.broken').getByText('window-99').waitFor();
  await axeAll(page, 'broken chain');
  await shot(page, 'authority-chain-broken-zh');
  await page.unroute('**/v1/audit-log/chain*');
  await alter((part) => { part.entries.splice(4, 1); });
  await page.getByText('审计链从第 5 条起有误').waitFor();
  await page.unroute('**/v1/audit-log/chain*');

  await page.locator('#anchors').fill(`3:${'0'.repeat(64)}`);
  await page.getByRole('button', { name: '重新验证' }).click();
  await page.getByText('第 1 至 3 条之间有误').waitFor();
});

test('operators see the keys and the state of the streams', BOUND, async (t) => {
  const page = await desk(t, 'keys');
  await page.locator('.key').getByText('正在签发').waitFor();
  const shown = (await page.locator('.key .digits').first().innerText()).replace(/\s/g, '');
  assert.ok([...system.keys.values()].includes(shown), 'another public key than the issuer’s');
  assert.ok(await page.locator('table tbody tr').count() >= 1);
  await axeAll(page, 'keys');

  await to(page, 'streams');
  await page.getByText('发布正常').waitFor();
  await axeAll(page, 'streams');

  await page.route('**/v1/streams', async (route) => {
    const response = await route.fetch();
    const state = await response.json();
    Object.assign(state.streams[0], { waiting: 3, oldest_ms: state.now_ms - 60_000, lease_until_ms: undefined, here: false });
    state.waiting_on = ['publishing to the control topic has failed'];
    await route.fulfill({ response, json: state });
  });
  await page.getByRole('button', { name: '刷新' }).click();
  await page.getByText('发布异常').waitFor();
  await page.getByText('3 条记录未发布，最早的已等待 60 秒').waitFor();
  await page.getByText('没有签发服务在发布。').waitFor();
  await axeAll(page, 'streams with a fault');
  await shot(page, 'authority-streams-fault-zh');
});

const VIEWS = ['credential', 'paper', 'unrevoke', 'amnesties', 'foreign', 'streams', 'keys', 'audit', 'chain'];

test('every view is without violations in both languages, and has a picture', BOUND, async (t) => {
  for (const language of /** @type {const} */ (['zh', 'en'])) {
    const page = await desk(t, 'credential', { language });
    for (const view of VIEWS) {
      await to(page, view);
      await sleep(200);
      await axeAll(page, `${view}, ${language}`);
      assert.equal(await page.locator('h1').count(), 1, view);
      await shot(page, `authority-${view}-${language}`);
    }
  }
});

test('every view fits a narrow screen, in dark colours', BOUND, async (t) => {
  const page = await desk(t, 'credential', { language: 'en', dark: true, size: { width: 820, height: 1180 } });
  for (const view of VIEWS) {
    await to(page, view);
    await sleep(200);
    await axeAll(page, `${view}, dark`);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${view} is wider than the screen`);
  }
});
