// The desk: log-in, lock, what each role sees, and the ways of station windows and agencies.
import assert from 'node:assert/strict';
import test from 'node:test';

import { axeAll, shot, start } from './harness.js';
import { call } from './system.js';
import { holder, PASSWORD, person, register, sell } from './people.js';

const { system, open, show } = await start({ roles: 'window,ticketing' });

/** The credential that the demo prints for a role. */
const credentialOf = (role) => new RegExp(`^ +${role} +(rgs_[0-9a-f]{64})$`, 'm').exec(system.output())[1];

let next = 200;

/** Registers an unchecked account. */
async function join(more = {}) {
  const n = next++;
  const { version: policy } = await call('GET', `${system.issuer}/v1/privacy-policy`);
  const form = { ...person(n), login_name: `visitor_${n}`, password: PASSWORD, phone: '13800001234', policy, ...more };
  const { account } = await call('POST', `${system.issuer}/v1/accounts`, { body: form });
  return { ...form, account, n };
}

const text = (page, all) => page.getByText(all, { exact: true });
const press = (page, name) => page.getByRole('button', { name }).click();

async function logIn(page, role = 'window') {
  await page.locator('#credential').fill(credentialOf(role));
  await page.keyboard.press('Enter');
  await page.locator('.tiles').waitFor();
}

/** Opens a page of the desk and logs in. */
async function desk(t, fragment = '', how = {}) {
  const page = await open(t, 'desk', how);
  await logIn(page, how.role);
  if (fragment) await page.evaluate((to) => { location.hash = to; }, fragment);
  return page;
}

/** Ticks the statements about an original. */
const state = async (page, ...names) => {
  for (const name of ['original', 'in_date', 'readable', ...names]) await page.locator(`[name=${name}]`).check();
};

const faultOf = (page, field) => page.locator(`#${field}-fault`);
const stored = (page) => page.evaluate(async () => {
  const db = await new Promise((resolve) => { const r = indexedDB.open('railgate-desk'); r.onsuccess = () => resolve(r.result); });
  return new Promise((resolve) => { const r = db.transaction('values').objectStore('values').getAllKeys(); r.onsuccess = () => resolve(r.result); });
});

test('a credential opens the desk, survives a reload and leaves no trace after the lock', { timeout: 60_000 }, async (t) => {
  const page = await open(t, 'desk');
  await axeAll(page, 'log-in');
  await shot(page, 'desk-login-zh');
  await page.locator('#credential').fill('rgs_12');
  await page.keyboard.press('Enter');
  await faultOf(page, 'credential').filter({ hasText: '格式不正确' }).waitFor();
  await page.locator('#credential').fill(`rgs_${'0'.repeat(64)}`);
  await page.keyboard.press('Enter');
  await faultOf(page, 'credential').filter({ hasText: '需要工作人员凭据' }).waitFor();
  await logIn(page);
  await page.getByText('demo-window').waitFor();
  await axeAll(page, 'home');
  await shot(page, 'desk-home-zh');
  assert.doesNotMatch(await page.evaluate(() => JSON.stringify(localStorage) + location.href + document.title), /rgs_/);
  await page.reload();
  await page.locator('.tiles').waitFor();
  const second = await open(t, 'desk', { context: page.context() });
  await second.locator('.tiles').waitFor();
  await page.keyboard.press('Alt+l');
  await text(page, '业务台已锁定').waitFor();
  await text(second, '业务台已锁定').waitFor();
  assert.deepEqual(await stored(page), []);
  await page.reload();
  await text(page, '岗位登录').waitFor();
});

test('the credential is read from a QR code', { timeout: 60_000 }, async (t) => {
  const page = await open(t, 'desk');
  show(credentialOf('window'));
  await press(page, '摄像头扫码');
  await page.locator('.tiles').waitFor();
  show(null);
});

test('an agency sees its own services, and a refused one says so', { timeout: 60_000 }, async (t) => {
  const page = await desk(t, '', { role: 'agency' });
  assert.deepEqual((await page.locator('nav a').allTextContents()).map((s) => s.replace(/Alt.*/, '').trim()), ['首页', '扫码核验旅客', '车票业务', '核验证件']);
  await page.evaluate(() => { location.hash = 'correct'; });
  await page.getByText('本岗位无权办理此业务').waitFor();
  await axeAll(page, 'refused');
  await page.keyboard.press('Alt+1');
  assert.deepEqual(await page.locator('[name=purpose]').evaluateAll((all) => all.map((e) => e.value)), ['sale', 'verify']);
  await page.keyboard.press('Alt+3');
  assert.deepEqual(await page.locator('#document_type option').evaluateAll((all) => all.map((e) => e.value)), ['resident_id']);
  const rare = await join({ name: '測試龘' });
  await page.locator('#document_number').fill(rare.document_number);
  await page.keyboard.press('Enter');
  await page.getByText('仅限车站窗口办理').first().waitFor();
});

for (const language of ['zh', 'en']) {
  test(`every view is accessible, in ${language}`, { timeout: 120_000 }, async (t) => {
    const page = await open(t, 'desk', { language });
    await logIn(page);
    for (const id of ['identify', 'service', 'verify', 'correct', 'duplicate']) {
      await page.evaluate((to) => { location.hash = to; }, id);
      await page.locator('main form').waitFor();
      await axeAll(page, id);
      await shot(page, `desk-${id}-${language}`);
    }
    await page.keyboard.press('F1');
    await page.getByRole('dialog').waitFor();
    await axeAll(page, 'help');
    await shot(page, `desk-help-${language}`);
  });
}

test('a window identifies the holder of a code, lets them through again and revokes', { timeout: 60_000 }, async (t) => {
  const n = next++;
  const { account } = await register(system, n);
  await sell(system, account);
  const phone = await holder(system, n);
  const page = await desk(t, 'identify');
  await page.locator('#code').fill('nonsense');
  await page.keyboard.press('Enter');
  await text(page, '请选择。').waitFor();
  await text(page, '退票').click();
  await page.locator('#code').press('Enter');
  await faultOf(page, 'code').filter({ hasText: '未识别到电子临时乘车身份证明' }).waitFor();

  show(phone.code());
  await press(page, '摄像头扫码');
  await page.locator('#who', { hasText: phone.name }).waitFor();
  show(null);
  await page.getByText('G101').waitFor();
  await page.getByText(`${phone.document_number.slice(0, 4)}**********${phone.document_number.slice(-4)}`).waitFor();
  await axeAll(page, 'identified');
  await shot(page, 'desk-identified-zh');
  assert.equal(await page.locator('#code').inputValue(), '');

  await press(page, '再次放行');
  await page.getByRole('dialog').getByRole('button', { name: '再次放行' }).click();
  await text(page, '请选择原因。').waitFor();
  await page.locator('#reason').selectOption('gate_fault');
  await page.getByRole('dialog').getByRole('button', { name: '再次放行' }).click();
  await page.getByRole('dialog').getByText('已受理').waitFor();
  await press(page, '知道了');

  await press(page, '撤销证明');
  await axeAll(page, 'revoke');
  await shot(page, 'desk-revoke-zh');
  await page.locator('#reason').selectOption('fraud');
  await page.getByRole('dialog').getByRole('button', { name: '撤销证明' }).dblclick();
  await page.getByRole('dialog').getByText('已受理').waitFor();
  assert.equal(page.requests.filter(({ url }) => url.endsWith('/revoke')).length, 1);
  await press(page, '知道了');

  await page.getByRole('button', { name: '退票' }).click(); // of the ticket
  await press(page, '查询');
  await page.getByText('可以办理退票').waitFor();
  await page.keyboard.press('Alt+n');
  assert.equal(await page.locator('#ticket').inputValue(), '');
  await page.keyboard.press('Alt+1');
  assert.equal(await page.locator('#who').count(), 0);
});

test('a scanner types without a focused field, and a spent budget is explained', { timeout: 60_000 }, async (t) => {
  const phone = await holder(system, next++);
  const page = await desk(t, 'identify');
  await text(page, '核验身份').click();
  await page.evaluate(() => /** @type {any} */ (document.activeElement).blur());
  await page.locator('h1').evaluate((h1) => h1.focus());
  await page.keyboard.type(phone.code());
  await page.keyboard.press('Enter');
  await page.locator('#who', { hasText: phone.name }).waitFor();
  await page.keyboard.press('Alt+n');
  await page.locator('#code').fill(phone.code()); // a scanner without an Enter
  await page.locator('#who', { hasText: phone.name }).waitFor();
  const spent = { code: 'identification_budget_spent', status: 429, text: { zh: '该凭据核验旅客身份次数过多。', en: 'x' }, next_step: { zh: '请在提示的时间后重试。', en: 'x' }, retry_at: 1770681600 };
  await page.route('**/v1/identifications', (route) => route.fulfill({ status: 429, contentType: 'application/problem+json', body: JSON.stringify(spent) }));
  await page.locator('#code').fill('RG1:x');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').filter({ hasText: '核验旅客身份次数过多' }).waitFor();
  assert.equal(await page.locator('#who').count(), 0);
});

test('a delegate brings both originals, and the entry becomes verified', { timeout: 60_000 }, async (t) => {
  const { document_number: number, name } = await join();
  const page = await desk(t, 'verify');
  await page.locator('#document_number').fill('110105199003074617');
  await page.keyboard.press('Enter');
  await faultOf(page, 'document_number').waitFor();
  await page.locator('#document_number').fill(number.toLowerCase());
  await page.keyboard.press('Enter');
  await page.locator('.person', { hasText: name }).waitFor();
  await axeAll(page, 'compare');
  await press(page, '提交');
  await faultOf(page, 'in_date').filter({ hasText: '不在有效期内' }).waitFor();
  await state(page, 'delegated');
  await text(page, '一致').click();
  await press(page, '提交');
  await faultOf(page, 'delegate_original').filter({ hasText: '双方' }).waitFor();
  await shot(page, 'desk-verify-zh');
  await page.locator('[name=delegate_original]').check();
  await press(page, '提交');
  await page.getByRole('dialog').getByText('身份状态变为“已通过”').waitFor();
  await axeAll(page, 'confirm');
  await press(page, '确认办理');
  await page.getByRole('dialog').getByText('身份状态：已通过').waitFor();
  await press(page, '知道了');
  await press(page, '下一位旅客');
  await page.locator('#document_number').fill(number);
  await page.keyboard.press('Enter');
  await page.getByText('没有找到可在此核验的注册信息').waitFor();
});

test('a rare name needs the proof that it is theirs', { timeout: 60_000 }, async (t) => {
  const rare = await join({ name: '測試龘' });
  const page = await desk(t, 'verify');
  await page.locator('#document_number').fill(rare.document_number);
  await page.keyboard.press('Enter');
  await page.getByText('姓名含生僻字或繁体字').waitFor();
  await state(page);
  await text(page, '一致').click();
  await page.locator('#proof_value').fill('9999');
  await press(page, '提交');
  await press(page, '确认办理');
  await faultOf(page, 'proof_value').filter({ hasText: '提供的核对信息不符' }).waitFor();
  await page.locator('#proof_value').fill('1234');
  await press(page, '提交');
  await press(page, '确认办理');
  await page.getByRole('dialog').getByText('身份状态：已通过').waitFor();
});

test('another document is pre-verified; a ticket asks for that first', { timeout: 60_000 }, async (t) => {
  const visitor = await join({ name: 'Test Visitor', document_type: 'passport', document_number: 'P0000001', nationality: 'NZL' });
  const page = await desk(t, 'service');
  const ends = Math.floor(Date.now() / 1000) + 86_400;
  const bought = { kind: 'bought', account: visitor.account, order: 'V1', issued: [{ reference: 'V1:1', passenger: 'holder', ends_at: ends }] };
  await call('POST', `${system.issuer}/v1/tickets`, { bearer: system.staff, body: bought });
  await page.locator('[value=change]').check();
  await page.locator('#ticket').fill('V1:2');
  await page.keyboard.press('Enter');
  await faultOf(page, 'ticket').waitFor();
  await page.locator('#ticket').fill('V1:1');
  await page.keyboard.press('Enter');
  await page.getByText('请先在车站窗口预核验证件，再办理改签').waitFor();
  await page.getByRole('button', { name: '去核验证件' }).click();
  await page.locator('#document_type').selectOption('passport');
  await page.locator('#document_number').fill('P0000001');
  await page.keyboard.press('Enter');
  await faultOf(page, 'nationality').waitFor();
  await page.locator('#nationality').fill('nzl');
  await page.keyboard.press('Enter');
  await page.locator('.person', { hasText: 'Test Visitor' }).waitFor();
  await state(page);
  await text(page, '一致').click();
  await press(page, '提交');
  await page.getByRole('dialog').getByText('预通过').waitFor();
  await press(page, '确认办理');
  await page.getByRole('dialog').getByText('身份状态：预通过').waitFor();
});

test('after a lost answer the desk looks before it sends again', { timeout: 60_000 }, async (t) => {
  const { document_number: number, name } = await join();
  const page = await open(t, 'desk', { before: (p) => p.clock.install() });
  await logIn(page);
  await page.keyboard.press('Alt+3');
  page.expected.push(/ERR_FAILED|Failed to load/);
  await page.locator('#document_number').fill(number);
  await page.keyboard.press('Enter');
  await state(page);
  await text(page, '一致').click();
  await page.route('**/v1/counter/verifications', async (route) => {
    await route.fetch();
    await route.abort();
  });
  await press(page, '提交');
  await press(page, '确认办理');
  await text(page, '结果未知').waitFor();
  assert.equal(await page.getByRole('button', { name: '重新提交' }).isDisabled(), true);
  await axeAll(page, 'unknown outcome');
  await shot(page, 'desk-unknown-zh');
  await press(page, '查询结果');
  await page.getByText('已办理：该信息已更新').waitFor();
  await page.clock.fastForward(130_000);
  await page.getByText('上一位旅客的业务结果未知').waitFor();
  assert.equal(await page.getByText(name).count(), 0);
});

test('a window corrects an identity, frees it and moves it to its owner', { timeout: 90_000 }, async (t) => {
  const n = next++;
  const { phone } = await register(system, n);
  const { document_number: number, name } = person(n);
  const page = await desk(t, 'correct');
  await page.locator('#document_number').fill(number);
  await page.keyboard.press('Enter');
  await page.locator('.person', { hasText: name }).waitFor();
  await axeAll(page, 'correct');
  await page.locator('#name').fill('测试更正');
  await state(page);
  await page.locator('#proof_value').fill(phone.slice(-4));
  await press(page, '提交');
  await faultOf(page, 'in_person').filter({ hasText: '须由本人办理' }).waitFor();
  await page.locator('[name=in_person]').check();
  await press(page, '提交');
  await press(page, '确认办理');
  await press(page, '知道了');
  await page.locator('.person', { hasText: '测试更正' }).waitFor();

  await page.keyboard.press('Alt+5');
  await page.locator('[value=free]').check();
  await page.locator('#document_number').fill(number);
  await state(page, 'in_person');
  await press(page, '提交');
  await press(page, '确认办理');
  await press(page, '知道了');
  await page.getByText('已解除占用').first().waitFor();
  await press(page, '下一位旅客');
  await page.locator('[value=claim]').check();
  await page.locator('#document_number').fill(number);
  await press(page, '查找本人账户');
  await page.locator('.person', { hasText: '测试更正' }).waitFor();
  await state(page, 'in_person');
  await page.locator('#proof_value').fill(phone.slice(-4));
  await press(page, '提交');
  await press(page, '确认办理');
  await page.getByRole('dialog').getByText('身份状态：已通过').waitFor();
});

test('passenger data vanish after two minutes, the desk locks after ten', { timeout: 60_000 }, async (t) => {
  const { document_number: number, name } = await join();
  const page = await open(t, 'desk', { before: (p) => p.clock.install() });
  await logIn(page);
  await page.keyboard.press('Alt+3');
  await page.locator('#document_number').fill(number);
  await page.keyboard.press('Enter');
  await page.locator('.person', { hasText: name }).waitFor();
  await page.clock.fastForward(95_000);
  await page.getByText(/旅客信息将在 \d+ 秒后清除/).waitFor();
  await press(page, '继续办理');
  await page.clock.fastForward(95_000);
  assert.equal(await page.locator('.person').count(), 1);
  await page.clock.fastForward(30_000);
  await page.getByText('旅客信息已按时清除').waitFor();
  assert.equal(await page.locator('.person').count(), 0);
  assert.equal(await page.locator('#document_number').inputValue(), '');
  await page.clock.fastForward(10 * 60_000);
  await page.getByText('10 分钟没有操作，业务台已自动锁定。').waitFor();
  await shot(page, 'desk-locked-zh');
});

test('a credential that ends in the middle of work asks for it again and keeps the work', { timeout: 60_000 }, async (t) => {
  const { document_number: number } = await join();
  const page = await desk(t, 'verify');
  await page.locator('#document_number').fill(number);
  const expired = { code: 'staff_credential_expired', status: 401, text: { zh: '该工作人员凭据已过期。', en: 'x' }, next_step: { zh: '请联系系统管理员更换凭据。', en: 'x' } };
  await page.route('**/v1/counter/searches', (route) => route.fulfill({ status: 401, contentType: 'application/problem+json', body: JSON.stringify(expired) }), { times: 1 });
  await page.keyboard.press('Enter');
  await page.getByText('凭据已失效').waitFor();
  await page.locator('#credential').fill(credentialOf('window'));
  await page.keyboard.press('Enter');
  await page.locator('#document_number').waitFor();
  assert.equal(await page.locator('#document_number').inputValue(), number);
  await page.keyboard.press('Alt+l');
  await page.locator('#credential').fill(credentialOf('agency'));
  await page.keyboard.press('Enter');
  await page.locator('#document_number').waitFor();
  assert.equal(await page.locator('#document_number').inputValue(), '', 'another post does not see the work');
});

for (const camera of ['denied', 'none']) {
  test(`a camera that is ${camera} has its own message`, { timeout: 60_000 }, async (t) => {
    const page = await open(t, 'desk', { camera });
    await press(page, '摄像头扫码');
    await page.getByRole('dialog').getByText(camera === 'denied' ? '未允许使用摄像头' : '没有可用的摄像头').waitFor();
    await axeAll(page, 'camera');
  });
}
