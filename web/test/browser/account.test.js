// The account on the passenger's page: from the registration to the closing, and what can go wrong on the way.
import assert from 'node:assert/strict';
import test from 'node:test';

import { axeAll, call, PASSWORD, person, phoneCode, register, shot, start } from './harness.js';
import { apply, passFaceCheck } from './ways.js';

const { system, open } = await start();

const fill = (page, label, value) => page.getByLabel(label, { exact: true }).fill(value);
const button = (page, name) => page.getByRole('button', { name, exact: true });
/** Waits for a view and what it loads. */
async function heading(page, name) {
  await page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
  await page.getByText('正在加载').waitFor({ state: 'hidden' });
}
const fault = (page, field) => page.locator(`#${field}-fault`);

/** Opens a view of the page. */
async function visit(page, fragment, title) {
  await page.evaluate((to) => { location.hash = to; }, fragment);
  if (title) await heading(page, title);
}

/** Logs in by the form. */
async function logIn(page, login, password = PASSWORD) {
  await visit(page, 'login', '登录');
  await fill(page, '用户名', login);
  await fill(page, '密码', password);
  await button(page, '登录').click();
  await heading(page, '我的账户');
}

/** Fills the registration in. */
async function fillRegistration(page, who, login, phone) {
  await fill(page, '用户名', login);
  await fill(page, '密码', PASSWORD);
  await fill(page, '再次输入密码', PASSWORD);
  await fill(page, '姓名', who.name);
  await fill(page, '证件号码', who.document_number);
  await fill(page, '手机号码', phone);
  await page.locator('#policy').check();
}

/** Adds a passenger by the form. */
async function add(page, who) {
  await visit(page, 'passengers/add', '增加常用联系人');
  await page.locator('#document_type').selectOption(who.document_type);
  await fill(page, '姓名', who.name);
  await fill(page, '证件号码', who.document_number);
  if (who.nationality) await page.locator('#nationality').selectOption(who.nationality);
  await page.locator('#policy').check();
  await button(page, '保存').click();
}

/** The row of a passenger in the list. */
const row = (page, name) => page.locator('ul.people > li', { has: page.locator('bdi', { hasText: name }) });

/** A counter checks an entry by the original document. */
async function counter(account, passenger, matches) {
  const entry = { account, passenger };
  const { version } = await call('POST', `${system.issuer}/v1/counter/looks`, { bearer: system.staff, body: entry });
  await call('POST', `${system.issuer}/v1/counter/verifications`, { bearer: system.staff, body: { ...entry, version, original: true, in_date: true, readable: true, matches } });
}

/** Registers an account and verifies its phone. A number gets one code a minute, so the test that uses it comes later. */
async function registerWithPhone(n) {
  const { login, phone } = await register(system, n);
  const { token } = await call('POST', `${system.issuer}/v1/logins`, { body: { login_name: login, password: PASSWORD } });
  await call('POST', `${system.issuer}/v1/account/phone/codes`, { bearer: token, body: { phone, language: 'zh' } });
  await call('POST', `${system.issuer}/v1/account/phone/verifications`, { bearer: token, body: { phone, code: await phoneCode(system, `+86${phone}`), password: PASSWORD } });
  return { login, phone, code: await phoneCode(system, `+86${phone}`) };
}

const recoverable = await registerWithPhone(740);

test('from the registration to the closing', { timeout: 240_000 }, async (t) => {
  const page = await open(t, 'passenger', { fragment: 'register' });
  await heading(page, '注册');
  await button(page, '同意并注册').click();
  for (const field of ['login_name', 'password', 'name', 'document_number', 'phone', 'policy']) assert.ok((await fault(page, field).innerText()).length > 4, field);
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'login_name', 'the first refused field has the focus');
  await page.getByText('阅读隐私政策').click();
  await page.getByRole('region', { name: '隐私政策' }).waitFor();
  await axeAll(page, 'register, refused');

  const who = person(700);
  await fillRegistration(page, who, 'traveller_700', '13800010700');
  await fill(page, '证件号码', `${who.document_number.slice(0, 17)}Q`);
  await button(page, '同意并注册').click();
  assert.match(await fault(page, 'document_number').innerText(), /17位数字/);
  await fill(page, '证件号码', who.document_number);
  await button(page, '同意并注册').dblclick();
  await heading(page, '查看个人信息');
  assert.match(await page.locator('section.card').first().innerText(), /待核验[^]*下一步[^]*二代居民身份证原件[^]*代售点/);
  assert.doesNotMatch(await page.locator('main').innerText(), new RegExp(who.document_number), 'the number is masked');
  await button(page, '显示').click();
  assert.match(await page.locator('main').innerText(), new RegExp(who.document_number));
  assert.equal(page.requests.filter(({ method, url }) => method === 'POST' && url.endsWith('/v1/accounts')).length, 1, 'one registration for two taps');
  await axeAll(page, 'profile');
  await shot(page, 'passenger-profile-zh', { full: true });

  // A pending account can add no passenger; verification online needs the phone first.
  await visit(page, 'passengers', '常用联系人');
  assert.match(await page.locator('.notice').innerText(), /待核验[^]*不能添加/);
  await visit(page, 'verify', '人证核验');
  await page.getByRole('link', { name: '手机核验' }).click();
  await heading(page, '手机核验');
  await button(page, '获取验证码').click();
  await page.locator('#code').waitFor();
  await fill(page, '验证码', '000000');
  await fill(page, '密码', PASSWORD);
  await button(page, '手机核验').click();
  assert.match(await fault(page, 'code').innerText(), /验证码错误/);
  await fill(page, '验证码', await phoneCode(system, '+8613800010700'));
  await button(page, '手机核验').click();
  await heading(page, '人证核验');
  await axeAll(page, 'verify');
  await button(page, '开始核验').click();
  await page.locator('.notice.good', { hasText: '核验成功' }).waitFor();
  assert.match(await page.locator('section.card').first().innerText(), /已通过/);

  // Passengers: names of every script stay text.
  await add(page, person(701));
  await row(page, person(701).name).waitFor();
  for (const [name, number] of [['محمد بن علي', 'K7650700'], ['Test Visitor', 'e765 0701']]) {
    await add(page, { name, document_type: 'passport', document_number: number, nationality: 'NZL' });
    await row(page, name).waitFor();
  }
  await add(page, { ...person(702), name: '𠮷野𡈽' });
  await row(page, '𠮷野𡈽').waitFor();
  await add(page, { ...person(703), name: '<script>alert(1)</script>' });
  assert.match(await fault(page, 'name').innerText(), /按证件填写/);
  await add(page, { ...person(702), name: '𠮷野𡈽' });
  assert.match(await fault(page, 'document_number').innerText(), /已在常用联系人中/);
  await visit(page, 'passengers', '常用联系人');
  assert.match(await row(page, 'Test Visitor').innerText(), /请报验[^]*护照 E7\*\*\*\*01[^]*车站售票窗口/);
  assert.match(await row(page, '𠮷野𡈽').innerText(), /车站售票窗口[^]*注册用户注册时填写的身份证件号码/, 'a rare name: window only');
  assert.match(await page.locator('.gauges').innerText(), /2\s*\/ 100[^]*2\s*\/ 5/);
  await axeAll(page, 'passengers');
  await shot(page, 'passenger-passengers-zh', { full: true });

  // A counter verifies one and fails the other.
  const { account } = await page.evaluate(async () => (await import('/passenger/login.js')).loginNow());
  const listed = await page.evaluate(async () => (await import('/passenger/account/passengers.js')).list.value.passengers.map((p) => [p.name, p.passenger]));
  const ids = new Map(listed);
  await counter(account.account, ids.get('Test Visitor'), true);
  await counter(account.account, ids.get(person(701).name), false);
  await visit(page, 'account', '我的账户');
  await visit(page, 'passengers', '常用联系人');
  await row(page, 'Test Visitor').filter({ hasText: '预通过' }).waitFor();
  await row(page, person(701).name).filter({ hasText: '未通过' }).click();
  await heading(page, '联系人信息');
  assert.match(await page.locator('main').innerText(), /未通过[^]*修改[^]*删除联系人/);
  await page.getByRole('link', { name: '修改或重新提交' }).click();
  await heading(page, '修改联系人');
  await page.locator('#policy').check();
  await button(page, '保存').click();
  await page.locator('.notice.good', { hasText: '已保存' }).waitFor();
  assert.match(await page.locator('main').innerText(), /待核验/, 'saved again unchanged, it waits for a check');
  await page.goBack();
  await heading(page, '常用联系人');
  await row(page, 'Test Visitor').click();
  await heading(page, '联系人信息');
  assert.match(await page.locator('main').innerText(), /不能修改[^]*180天内不能删除/);
  assert.equal(await page.getByRole('link', { name: '删除联系人' }).count(), 0);
  await visit(page, 'passengers/1', '联系人信息');
  await page.getByRole('link', { name: '删除联系人' }).click();
  await heading(page, '删除联系人');
  await button(page, '确定删除').click();
  await page.locator('.notice.good', { hasText: '已删除' }).waitFor();
  assert.equal(await row(page, person(701).name).count(), 0);

  // A code for a ticketing system, once.
  await visit(page, 'account-code', '售票系统授权码');
  await fill(page, '售票系统名称', 'nobody');
  await button(page, '生成授权码').click();
  assert.match(await fault(page, 'client').innerText(), /没有这个售票系统/);
  await fill(page, '售票系统名称', 'demo');
  await button(page, '生成授权码').click();
  await page.locator('canvas.qr').waitFor();
  await axeAll(page, 'account code');

  // The data about the account, and as a file.
  await visit(page, 'data', '个人信息清单');
  await page.locator('details.part').first().waitFor();
  const saving = page.waitForEvent('download');
  await button(page, '保存为文件').click();
  const file = await saving;
  assert.match(file.suggestedFilename(), /^railgate-account-\d{4}-\d\d-\d\d\.json$/);
  const chunks = [];
  for await (const chunk of await file.createReadStream()) chunks.push(chunk);
  const held = JSON.parse(Buffer.concat(chunks).toString());
  assert.equal(held.profile.document_number, who.document_number);
  assert.deepEqual(held.registry.passengers.map((p) => p.name), ['محمد بن علي', 'Test Visitor', '𠮷野𡈽']);
  await axeAll(page, 'data');

  // Closing asks for the password and says what it does.
  await visit(page, 'close', '注销账户');
  assert.match(await page.locator('main').innerText(), /立即删除[^]*不能在网上重新注册/);
  await fill(page, '当前密码', 'not the password');
  await button(page, '确认注销').click();
  assert.match(await fault(page, 'password').innerText(), /密码错误/);
  await axeAll(page, 'close');
  await fill(page, '当前密码', PASSWORD);
  await button(page, '确认注销').click();
  await heading(page, '账户已注销');
  await visit(page, 'login', '登录');
  await fill(page, '用户名', 'traveller_700');
  await fill(page, '密码', PASSWORD);
  await button(page, '登录').click();
  assert.match(await fault(page, 'password').innerText(), /用户名或密码错误/);
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, location.href, document.title]));
  assert.doesNotMatch(kept, /rgl_|rgc_|traveller|测试|1101/, 'nothing of the account is left in the clear');
});

test('a registration whose answer is lost is not made twice', { timeout: 90_000 }, async (t) => {
  const page = await open(t, 'passenger', { fragment: 'register' });
  page.expected.push(/ERR_FAILED/);
  let sent = 0;
  await page.route('**/v1/accounts', async (route) => {
    if (sent++ > 0) return route.continue();
    await route.fetch(); // the issuer registers, and the answer is lost
    await route.abort();
  });
  await heading(page, '注册');
  await fillRegistration(page, person(710), 'traveller_710', '13800010710');
  await button(page, '同意并注册').click();
  await page.locator('.notice.bad', { hasText: '网络不通' }).waitFor();
  assert.equal(await page.getByLabel('用户名', { exact: true }).inputValue(), 'traveller_710', 'the form is kept');
  await button(page, '同意并注册').click();
  await heading(page, '查看个人信息');
  assert.equal(sent, 2);
});

test('an ended login leads to the log-in and back to the form, which is kept', { timeout: 90_000 }, async (t) => {
  const { login } = await register(system, 720);
  const page = await open(t, 'passenger');
  await logIn(page, login);
  await visit(page, 'passengers/add', '增加常用联系人');
  const who = person(721);
  await fill(page, '姓名', who.name);
  await fill(page, '证件号码', who.document_number);
  await page.locator('#policy').check();
  const elsewhere = await call('POST', `${system.issuer}/v1/logins`, { body: { login_name: login, password: PASSWORD } });
  await call('DELETE', `${system.issuer}/v1/logins`, { bearer: elsewhere.token });
  await button(page, '保存').click();
  await heading(page, '登录');
  assert.match(await page.locator('.notice.warn').innerText(), /登录已失效[^]*已保留/);
  await axeAll(page, 'login, ended');
  await fill(page, '用户名', login);
  await fill(page, '密码', PASSWORD);
  await button(page, '登录').click();
  await heading(page, '增加常用联系人');
  assert.equal(await page.getByLabel('证件号码', { exact: true }).inputValue(), who.document_number);
  await button(page, '保存').click();
  await row(page, who.name).waitFor();

  // A reload keeps the login; a log-out without a network erases it here and says what remains.
  await page.reload();
  await heading(page, '常用联系人');
  await visit(page, 'logout', '退出登录');
  await page.context().setOffline(true);
  await button(page, '退出本机登录').click();
  await page.locator('.notice.good', { hasText: '未能通知服务器' }).waitFor();
  await page.context().setOffline(false);
  await visit(page, 'account', '我的账户');
  assert.match(await page.locator('main').innerText(), /登录后可/);
});

test('a view that cannot be read says so and is read again', { timeout: 60_000 }, async (t) => {
  const { login } = await register(system, 730);
  const page = await open(t, 'passenger');
  await logIn(page, login);
  await page.context().setOffline(true);
  await visit(page, 'passengers', '常用联系人');
  await page.locator('.notice.bad', { hasText: '网络不通' }).waitFor();
  await page.context().setOffline(false);
  await button(page, '重试').click();
  await page.getByText('还没有常用联系人').waitFor();
});

test('a new privacy policy is agreed to before data are entered, and the form is kept', { timeout: 90_000 }, async (t) => {
  const { login } = await register(system, 750);
  const page = await open(t, 'passenger');
  await logIn(page, login);
  let due = true;
  await page.route('**/v1/account', async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...(await answer.json()), consent_due: due } });
  });
  await page.route('**/v1/account/passengers', async (route) => {
    if (route.request().method() !== 'POST' || !due) return route.continue();
    await route.fulfill({ status: 409, contentType: 'application/problem+json', json: { type: '/problems/consent_required', title: 'Conflict', status: 409, code: 'consent_required', detail: '',
      text: { zh: '请先同意现行隐私政策。', en: 'Your consent to the current privacy policy is required.' } } });
  });
  await page.route('**/v1/account/consent', async (route) => {
    due = false;
    await route.continue();
  });
  await add(page, person(751));
  await heading(page, '隐私政策更新');
  await axeAll(page, 'consent');
  await button(page, '同意').click();
  assert.match(await fault(page, 'policy').innerText(), /勾选/);
  await page.locator('#policy').check();
  await button(page, '同意').click();
  await heading(page, '增加常用联系人');
  assert.equal(await page.getByLabel('证件号码', { exact: true }).inputValue(), person(751).document_number);
  await page.locator('#policy').check(); // the passenger agrees to the new policy too
  await button(page, '保存').click();
  await row(page, person(751).name).waitFor();
});

test('every view in English, without a violation', { timeout: 120_000 }, async (t) => {
  const { login } = await register(system, 760);
  const page = await open(t, 'passenger', { language: 'en', fragment: 'login' });
  await fill(page, 'Login name', login);
  await fill(page, 'Password', PASSWORD);
  await button(page, 'Log in').click();
  for (const [view, title] of [['account', 'My account'], ['profile', 'Personal information'], ['profile/edit', 'Edit personal information'], ['passengers', 'Passengers'],
    ['passengers/add', 'Add a passenger'], ['phone', 'Verify the phone'], ['password', 'Change password'], ['verify', 'Verify online'], ['account-code', 'Code for a ticketing system'],
    ['notice', 'Identity verification for online tickets: what to know'], ['privacy', 'Privacy policy'], ['data', 'My data'], ['close', 'Close the account'], ['logout', 'Log out']]) {
    await visit(page, view, title);
    await page.locator('.waiting').waitFor({ state: 'detached' });
    await axeAll(page, view);
    assert.doesNotMatch((await page.locator('main').innerText()).replaceAll(person(760).name, ''), /\p{Script=Han}/u, `${view} has no Chinese`);
    await shot(page, `passenger-${view.replace('/', '-')}-en`, { full: true });
  }
});

test('a forgotten password is replaced with a code to the verified phone', { timeout: 120_000 }, async (t) => {
  const { login, phone, code: first } = recoverable;
  const page = await open(t, 'passenger', { fragment: 'recover' });
  await heading(page, '找回密码');
  await axeAll(page, 'recover');
  await fill(page, '用户名', login);
  await fill(page, '已核验的手机号码', phone);
  let code = first;
  for (let tries = 0; code === first && tries < 4; tries++) { // a number gets one code a minute
    await button(page, '获取验证码').click();
    await page.locator('#code').or(page.locator('.notice.bad')).first().waitFor();
    if (await page.locator('#code').isVisible()) break;
    assert.match(await page.locator('.notice.bad').innerText(), /起可重试/, 'it says from when');
    await page.waitForTimeout(21_000);
  }
  await page.locator('#code').waitFor();
  for (let wait = 0; (code = await phoneCode(system, `+86${phone}`)) === first && wait < 50; wait++) await page.waitForTimeout(100);
  await fill(page, '验证码', code);
  await fill(page, '新密码', 'short');
  await button(page, '设置新密码').click();
  assert.match(await fault(page, 'new_password').innerText(), /至少8个字符/);
  await fill(page, '新密码', 'fuxing-kuaiche-1174');
  await fill(page, '再次输入密码', 'fuxing-kuaiche-1174');
  await button(page, '设置新密码').click();
  await page.locator('.notice.good', { hasText: '新密码已设置' }).waitFor();
  await fill(page, '用户名', login);
  await fill(page, '密码', 'fuxing-kuaiche-1174');
  await button(page, '登录').click();
  await heading(page, '我的账户');
});

test('a person without a login sees what is stored about the application', { timeout: 60_000 }, async (t) => {
  const page = await open(t, 'passenger');
  await apply(page, 770);
  await passFaceCheck(page);
  await page.getByRole('link', { name: '查看系统保存的此次申请信息' }).click();
  await heading(page, '此次申请的个人信息');
  await page.getByText(person(770).name).first().waitFor();
  assert.match(await page.locator('main').innerText(), /有效[^]*1101\*+[^]*北京[^]*同意的政策/);
  await axeAll(page, 'application data');
  await page.locator('a.back').click();
  await page.locator('.outcome').waitFor();
});
