// The passenger's page: the whole way with and without a login, and its faults.
import assert from 'node:assert/strict';
import test from 'node:test';

import { linkHolds } from '../../railgate/chain.js';
import { parseText } from '../../railgate/code.js';
import { axeAll, call, gate, PASSWORD, person, photograph, register, revoke, shot, start } from './harness.js';
import { read } from './reader.js';
import { apply, passFaceCheck, showCode } from './ways.js';

const { system, open } = await start();
const HOUR = 3_600_000;
const patience = { timeout: 120_000 };

/** Reads the code in an element. */
const readCode = async (element) => (await read(await photograph(element)))[0];

/** Numbers of people; each test has its own. */
let people = 500;
const someone = () => people++;

/** Goes the way to the code. */
async function toCode(page, n) {
  await apply(page, n);
  await passFaceCheck(page);
  await showCode(page);
}

/** Reports whether the entry gate admits a code. */
const admits = async (text) => (await gate(system, text)).reason === 'ok';

const canvas = (page) => page.locator('canvas');
const sent = (page, path) => page.requests.filter(({ method, url }) => method === 'POST' && new URL(url).pathname.endsWith(path)).length;
const path = (page) => page.evaluate(() => location.hash);

/** Asserts that no secret is where it could be found: address, title, local and session storage. */
async function nothingLeaks(page) {
  const found = await page.evaluate(() => JSON.stringify([location.href, document.title, { ...localStorage }, { ...sessionStorage }, history.state]));
  assert.doesNotMatch(found, /rga_|rgl_|app_|chk_|ses_|\d{17}|测试/);
}

for (const language of /** @type {const} */ (['zh', 'en'])) {
  test(`the whole way, ${language}`, patience, async (t) => {
    const page = await open(t, 'passenger', { language });
    const n = someone();
    const view = async (name) => {
      await axeAll(page, name);
      await shot(page, `passenger-${name}-${language}`, { full: true });
      await nothingLeaks(page);
    };
    await page.getByRole('link', { name: /立即申请|Apply now/ }).waitFor();
    await view('home');
    await page.getByRole('link', { name: /^(温馨服务|Services)$/ }).first().click();
    await page.getByRole('link', { name: /乘坐旅客列车临时身份证明|Temporary ID for travel/ }).waitFor();
    await view('services');
    await page.getByRole('link', { name: /乘坐旅客列车临时身份证明|Temporary ID for travel/ }).click();
    await page.getByText(/已定位|Located/).waitFor();
    await view('apply');
    await page.getByRole('button', { name: /立即申请|Apply now/ }).click();
    await page.getByText(/请填写姓名|Enter the name/).waitFor();
    await view('apply-refused');
    assert.equal(sent(page, '/v1/applications'), 0);

    const who = person(n);
    await page.getByLabel(/^(姓名|Name)/).fill(who.name);
    await page.getByLabel(/^(证件类型|Document type)/).selectOption('passport');
    await page.getByText(/该证件无法申请临时乘车身份证明|Only the PRC resident ID card/).waitFor();
    await page.getByLabel(/^(证件类型|Document type)/).selectOption('resident_id');
    await page.getByLabel(/^(证件号码|Document number)/).fill(who.document_number.toLowerCase());
    await page.getByRole('checkbox').check();
    await page.getByRole('button', { name: /立即申请|Apply now/ }).click();
    await page.getByRole('heading', { name: /实人核验|Face check/ }).waitFor();
    await view('face');
    await passFaceCheck(page);
    await page.locator('video').waitFor();
    await shot(page, `passenger-face-camera-${language}`, { full: true });
    await page.getByRole('heading', { name: /审核通过|Approved/ }).waitFor();
    await view('result');
    await showCode(page);
    await view('code');
    const text = await readCode(canvas(page));
    const code = parseText(text);
    assert.ok(await admits(text));
    await page.getByText(code.serial).waitFor();
    assert.ok(await linkHolds(code));
    await page.getByRole('link', { name: /返回|Back/ }).click();
    await page.getByRole('heading', { name: /二维码展示中|Your code is being shown/ }).waitFor();
    await view('home-showing');
    await page.goBack();
    await canvas(page).waitFor();
    await page.goto(`${system.passenger}#records`);
    await page.getByText(code.serial).waitFor();
    await view('records');
    await page.goBack();

    await page.getByRole('button', { name: /结束展示|Stop showing/ }).click();
    await page.getByRole('dialog').waitFor();
    await view('leave');
    await page.getByRole('dialog').getByRole('button', { name: /结束展示|Stop showing/ }).click();
    await page.getByRole('heading', { name: /此前的证明仍在有效期内|Your earlier temporary ID/ }).waitFor();
    await view('home-earlier');
    for (const bound = Date.now() + 20_000; await admits(text); await page.waitForTimeout(200)) assert.ok(Date.now() < bound, 'the gate still admits the code');
    assert.equal((await gate(system, text)).reason, 'session_closed');

    await page.getByRole('link', { name: /再次查看|View it again/ }).click();
    await page.getByLabel(/^(姓名|Name)/).fill(who.name);
    await page.getByLabel(/^(证件号码|Document number)/).fill(who.document_number);
    await page.getByRole('checkbox').check();
    await view('return');
    await page.getByRole('button', { name: /下一步|Next/ }).click();
    await passFaceCheck(page);
    await canvas(page).waitFor();
    const again = await readCode(canvas(page));
    assert.equal(parseText(again).serial, code.serial, 'viewing again uses up no application');
    assert.ok(await admits(again));
  });
}

test('after 30 minutes another face check shows a code of the same temporary ID', patience, async (t) => {
  const page = await open(t, 'passenger', { before: (p) => p.clock.install({ time: Date.now() }) });
  await toCode(page, someone());
  const first = parseText(await readCode(canvas(page)));
  await page.clock.runFor(31 * 60_000);
  await page.getByRole('link', { name: '开始实人核验' }).click();
  await passFaceCheck(page);
  await canvas(page).waitFor();
  const next = parseText(await readCode(canvas(page)));
  assert.equal(next.serial, first.serial, 'another check uses up no application');
  assert.notEqual(next.start, first.start);
});

for (const hours of [-26, 26]) {
  test(`a clock that is ${hours} hours wrong, and is put right while the code is shown`, patience, async (t) => {
    const page = await open(t, 'passenger', { before: (p) => p.addInitScript((/** @type {number} */ wrong) => {
      const right = Date.now;
      Date.now = () => right() + wrong;
    }, hours * HOUR) });
    await toCode(page, someone());
    assert.ok(await admits(await readCode(canvas(page))));
    await page.evaluate((wrong) => { // the clock is put right while the code is shown
      const now = Date.now;
      Date.now = () => now() - wrong;
    }, hours * HOUR);
    await page.getByRole('button', { name: '刷新' }).click();
    await page.waitForTimeout(300);
    assert.ok(await admits(await readCode(canvas(page))));
  });
}

test('a reload returns to the code; a page that was closed does not, and gates learn it', patience, async (t) => {
  const page = await open(t, 'passenger');
  await toCode(page, someone());
  const text = await readCode(canvas(page));
  await page.reload();
  await canvas(page).waitFor();
  assert.equal(parseText(await readCode(canvas(page))).start, parseText(text).start);
  await nothingLeaks(page);

  const context = page.context();
  await page.close();
  const later = await open(t, 'passenger', { context, fragment: 'code' });
  await later.getByRole('heading', { name: '当前没有可出示的二维码' }).waitFor();
  await axeAll(later, 'no code');
  for (const bound = Date.now() + 20_000; await admits(text); await later.waitForTimeout(200)) assert.ok(Date.now() < bound, 'the gate still admits the code');
});

test('a second tab says so, and takes over', patience, async (t) => {
  const page = await open(t, 'passenger');
  await toCode(page, someone());
  const start = parseText(await readCode(canvas(page))).start;
  const second = await open(t, 'passenger', { context: page.context(), fragment: 'code' });
  await second.getByRole('heading', { name: '已在另一个标签页中打开' }).waitFor();
  await axeAll(second, 'other tab');
  await shot(second, 'passenger-other-tab-zh');
  await second.getByRole('button', { name: '在此页继续' }).click();
  await canvas(second).waitFor();
  assert.equal(parseText(await readCode(canvas(second))).start, start);
  await page.getByRole('heading', { name: '已在另一个标签页中打开' }).waitFor();
  assert.equal(await canvas(page).count(), 0);
  await page.getByRole('button', { name: '在此页继续' }).click();
  await canvas(page).waitFor();
});

test('two taps send once', patience, async (t) => {
  const page = await open(t, 'passenger');
  const twice = (name) => page.getByRole('button', { name }).evaluate((button) => { button.click(); button.click(); });
  await page.route('**/v1/applications/**', async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    await route.continue();
  });
  const who = person(someone());
  await page.goto(`${system.passenger}#apply`);
  await page.getByLabel(/^姓名/).fill(who.name);
  await page.getByLabel(/^证件号码/).fill(who.document_number);
  await page.getByText('已定位').waitFor();
  await page.getByRole('checkbox').check();
  await twice('立即申请');
  await page.getByRole('heading', { name: '实人核验' }).waitFor();
  assert.equal(sent(page, '/v1/applications'), 1);
  await twice('开始核验');
  await page.getByRole('heading', { name: '审核通过' }).waitFor();
  assert.equal(sent(page, '/checks'), 1);
  await twice('出示二维码');
  await canvas(page).waitFor();
  assert.equal(sent(page, '/sessions'), 1);
  await page.goBack();
  await page.getByRole('heading', { name: '审核结果' }).waitFor();
  assert.notEqual(await path(page), '#face');
});

test('the network is lost at each step, and nothing is lost or counted twice', patience, async (t) => {
  const page = await open(t, 'passenger');
  const n = someone();
  /** The next request to a path reaches the server or not; its answer does not arrive. */
  const lose = (pattern, reaches) => page.route(pattern, async (route) => {
    if (reaches) await route.fetch();
    await route.abort();
  }, { times: 1 });
  await lose('**/v1/applications', false);
  await apply(page, n);
  await page.getByText('网络不通，未收到答复。').waitFor();
  assert.equal(await page.getByLabel(/^姓名/).inputValue(), person(n).name, 'the form is kept');
  await page.getByRole('button', { name: '立即申请' }).click();

  await lose('**/checks', false);
  await passFaceCheck(page);
  await page.getByText('网络不通，未收到答复。').waitFor();
  await shot(page, 'passenger-face-lost-zh', { full: true });
  await lose('**/checks', true); // approved, and the page learns it from the status
  await page.getByRole('button', { name: '重新核验' }).click();
  await page.getByRole('heading', { name: '审核通过' }).waitFor();
  await page.getByRole('button', { name: '出示二维码' }).click();
  await passFaceCheck(page); // the first check's id was lost
  await canvas(page).waitFor();
  const { serial } = parseText(await readCode(canvas(page)));
  assert.equal(sent(page, '/sessions'), 1);

  await page.context().setOffline(true);
  await page.getByRole('button', { name: '刷新' }).click();
  assert.ok(parseText(await readCode(canvas(page))));
  await page.getByRole('button', { name: '结束展示' }).click();
  await page.getByRole('dialog').getByRole('button', { name: '结束展示' }).click();
  await page.getByRole('heading', { name: '此前的证明仍在有效期内' }).waitFor();
  const left = page.waitForResponse((answer) => answer.url().endsWith('/leave') && answer.status() === 204);
  await page.context().setOffline(false);
  await left; // the server is told as soon as it can be

  const again = await open(t, 'passenger');
  await again.route('**/sessions', async (route) => { // the session is opened, and its answer is lost
    await route.fetch();
    await route.abort();
  }, { times: 1 });
  const m = someone();
  await apply(again, m);
  await passFaceCheck(again);
  await again.getByRole('button', { name: '出示二维码' }).click();
  await again.getByText('网络不通，未收到答复。').waitFor();
  await again.getByRole('button', { name: '出示二维码' }).click(); // the check is used up: another one
  await passFaceCheck(again);
  await canvas(again).waitFor();
  const text = await readCode(canvas(again));
  assert.notEqual(parseText(text).serial, serial);
  assert.ok(await admits(text));
});

for (const [camera, title] of /** @type {const} */ ([['denied', '无法使用摄像头'], ['none', '未找到摄像头']])) {
  test(`a camera that is ${camera}`, patience, async (t) => {
    const page = await open(t, 'passenger', { camera });
    await apply(page, someone());
    await passFaceCheck(page);
    await page.getByText(title).waitFor();
    await axeAll(page, title);
    await shot(page, `passenger-camera-${camera}-zh`, { full: true });
    assert.equal(sent(page, '/checks'), 0);
    await page.getByRole('button', { name: '不使用摄像头继续（仅演示）' }).click();
    await page.getByRole('heading', { name: '审核通过' }).waitFor();
  });
}

test('a location that is denied', patience, async (t) => {
  const page = await open(t, 'passenger', { geolocation: 'denied', fragment: 'apply' });
  await page.getByText('未获得定位权限，无法申请。').waitFor();
  await page.getByText('将“位置”改为“允许”').waitFor();
  await axeAll(page, 'location denied');
  await shot(page, 'passenger-location-denied-zh', { full: true });
  await page.context().grantPermissions(['geolocation', 'camera'], { origin: new URL(system.passenger).origin });
  await page.context().setGeolocation({ latitude: 31.24, longitude: 121.49 });
  await page.getByRole('button', { name: '重新定位' }).click();
  await page.getByText('已定位：上海市').waitFor();
  assert.equal(await page.getByLabel(/^所在城市/).inputValue(), '上海市');
});

test('a city that is elsewhere', patience, async (t) => {
  const page = await open(t, 'passenger', { fragment: 'apply' });
  const who = person(someone());
  await page.getByText('已定位').waitFor();
  await page.getByLabel(/^姓名/).fill(who.name);
  await page.getByLabel(/^证件号码/).fill(who.document_number);
  await page.getByLabel(/^所在城市/).fill('上海');
  await page.getByRole('checkbox').check();
  await page.getByRole('button', { name: '立即申请' }).click();
  await page.getByText('所在城市与手机定位不一致').waitFor();
  await page.getByRole('button', { name: '填入北京市' }).click();
  await page.getByRole('button', { name: '立即申请' }).click();
  await page.getByRole('heading', { name: '实人核验' }).waitFor();
});

test('a second application while the first is valid is refused, and the code stays', patience, async (t) => {
  const page = await open(t, 'passenger');
  const n = someone();
  await toCode(page, n);
  const { start } = parseText(await readCode(canvas(page)));
  await page.goto(`${system.passenger}#apply`);
  await page.getByText('起可再次申请').waitFor();
  const who = person(n);
  await page.getByLabel(/^姓名/).fill(who.name);
  await page.getByLabel(/^证件号码/).fill(who.document_number);
  await page.getByText('已定位').waitFor();
  await page.getByRole('checkbox').check();
  await page.getByRole('button', { name: '立即申请' }).click();
  await passFaceCheck(page);
  await page.getByRole('heading', { name: '审核未通过' }).waitFor();
  await page.getByText('尚在有效期内').waitFor();
  await axeAll(page, 'refused');
  await shot(page, 'passenger-refused-zh', { full: true });
  await page.reload();
  await page.getByText('尚在有效期内').waitFor();
  await page.getByRole('button', { name: '返回现有证明' }).click();
  await canvas(page).waitFor();
  assert.equal(parseText(await readCode(canvas(page))).start, start);
});

test('face checks that fail and time out use up nothing', patience, async (t) => {
  const page = await open(t, 'passenger');
  await apply(page, someone());
  await page.locator('summary').click();
  await page.getByLabel('核验不通过').check();
  await passFaceCheck(page);
  await page.getByText('实人核验未通过。').waitFor();
  await axeAll(page, 'face check failed');
  await shot(page, 'passenger-face-failed-zh', { full: true });
  assert.ok(await page.getByLabel('核验不通过').isVisible(), 'the options stay open');
  await page.getByLabel('核验通过', { exact: true }).check();
  await page.getByRole('button', { name: '重新核验' }).click();
  await page.getByRole('heading', { name: '审核通过' }).waitFor();
});

test('a temporary ID that staff revoke is no longer shown after 刷新', patience, async (t) => {
  const page = await open(t, 'passenger');
  await toCode(page, someone());
  await revoke(system, parseText(await readCode(canvas(page))).serial);
  await page.getByRole('button', { name: '刷新' }).click();
  await page.getByRole('link', { name: '继续办理' }).click();
  await page.getByRole('heading', { name: '证明已撤销' }).waitFor();
  await axeAll(page, 'revoked');
  await shot(page, 'passenger-revoked-zh', { full: true });
});

test('a decision that waits for the resident registry', patience, async (t) => {
  const page = await open(t, 'passenger');
  await page.route('**/checks', async (route) => { // the issuer's answer while the registry does not answer
    const answer = await route.fetch();
    const { check, expires_at, application } = await answer.json();
    await route.fulfill({ response: answer, status: 202, json: { check, expires_at, application: { status: 'checked', submitted_at: application.submitted_at } } });
  });
  let asked = 0;
  await page.route('**/decision', (route) => (++asked < 3 ? route.fulfill({ status: 503, contentType: 'application/problem+json', headers: { 'Retry-After': '1' }, json: {
    type: '/problems/identity_lookup_unavailable', title: '', status: 503, code: 'identity_lookup_unavailable', detail: '', text: { zh: '身份信息暂时无法核实。', en: '' } } }) : route.continue()));
  await apply(page, someone());
  await passFaceCheck(page);
  await page.getByRole('heading', { name: '正在核实身份' }).waitFor();
  await axeAll(page, 'pending');
  await shot(page, 'passenger-pending-zh', { full: true });
  await page.reload();
  await page.getByRole('heading', { name: '审核通过' }).waitFor({ timeout: 20_000 });
  assert.equal(sent(page, '/checks'), 1);
  await showCode(page); // the check is still good
  assert.equal(sent(page, '/checks'), 1);
});

test('a viewing that another phone has taken over ends', patience, async (t) => {
  const page = await open(t, 'passenger');
  const n = someone();
  await toCode(page, n);
  const { version } = await call('GET', `${system.issuer}/v1/privacy-policy`);
  await call('POST', `${system.issuer}/v1/viewings`, { body: { ...person(n), evidence: 'sandbox:pass', policy: version } });
  await page.getByRole('button', { name: '刷新' }).click();
  await page.getByRole('heading', { name: '本次查看已结束' }).waitFor();
  await axeAll(page, 'viewing ended');
  await shot(page, 'passenger-ended-zh');
});

test('a browser that stores nothing', patience, async (t) => {
  const page = await open(t, 'passenger', { before: (p) => p.addInitScript(() => {
    Object.defineProperty(globalThis, 'indexedDB', { value: { open: () => { throw new DOMException('denied', 'SecurityError'); } } });
    for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(globalThis, name, { get: () => { throw new DOMException('denied', 'SecurityError'); } });
  }) });
  await page.getByText('此浏览器无法保存数据').waitFor();
  await axeAll(page, 'nothing stored');
  await shot(page, 'passenger-unstored-zh');
  await toCode(page, someone());
  assert.ok(await admits(await readCode(canvas(page))));
});

test('with a login', patience, async (t) => {
  const n = someone();
  const { login } = await register(system, n);
  const who = person(n);
  const page = await open(t, 'passenger', { fragment: 'login' });
  await page.getByLabel('用户名').fill(login);
  await page.getByLabel('密码', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: '登录', exact: true }).click();
  await page.getByRole('link', { name: '查看个人信息' }).waitFor();
  await page.getByRole('link', { name: '返回' }).click();
  await page.getByText(`您好，${who.name}`).waitFor();
  await axeAll(page, 'home, logged in');
  await shot(page, 'passenger-home-login-zh', { full: true });
  await page.getByRole('link', { name: '立即申请' }).click();
  await page.getByText('本月还可申请 3 次').waitFor();
  await page.getByText('已定位').waitFor();
  assert.equal(await page.getByLabel(/^姓名/).inputValue(), who.name);
  assert.equal(await page.getByLabel(/^证件号码/).inputValue(), who.document_number);
  assert.equal(await page.getByRole('checkbox').count(), 0, 'the account has agreed');
  await axeAll(page, 'apply, logged in');
  await page.route('**/v1/applications', async (route) => { // accepted, and the answer is lost
    await route.fetch();
    await route.abort();
  }, { times: 1 });
  await page.getByRole('button', { name: '立即申请' }).click();
  await page.getByText('网络不通，未收到答复。').waitFor();
  await page.getByRole('button', { name: '立即申请' }).click();
  await passFaceCheck(page);
  await showCode(page);
  assert.equal(sent(page, '/v1/applications'), 1, 'found in the list, not sent again');
  const text = await readCode(canvas(page));
  assert.ok(await admits(text));

  const context = page.context();
  await page.close();
  const later = await open(t, 'passenger', { context, fragment: 'code' }); // closing the page ends nothing (rule T25)
  await canvas(later).waitFor();
  assert.equal(parseText(await readCode(canvas(later))).start, parseText(text).start);
  await later.goto(`${system.passenger}#records`);
  await later.getByText('本月还可申请 2 次').waitFor();
  await later.getByText(parseText(text).serial).waitFor();
  await axeAll(later, 'records, logged in');
  await shot(later, 'passenger-records-login-zh', { full: true });
  await later.goto(`${system.passenger}#apply`);
  await later.getByText('起可再次申请').waitFor();

  await later.goto(`${system.passenger}#logout`);
  await later.getByRole('button', { name: /退出/ }).first().click();
  await later.getByLabel('用户名').waitFor();
  await later.goto(`${system.passenger}#code`);
  await later.getByRole('heading', { name: /当前没有可出示的二维码|本次查看已结束/ }).waitFor();
  for (const bound = Date.now() + 20_000; await admits(text); await later.waitForTimeout(200)) assert.ok(Date.now() < bound, 'the gate still admits the code');
});

test('names are text, and a half-filled form survives a reload', patience, async (t) => {
  const page = await open(t, 'passenger', { fragment: 'apply' });
  const hard = '<script>alert(1)</script>\u202e\u{20BB7}';
  await page.getByText('已定位').waitFor();
  await page.getByLabel(/^姓名/).fill(hard);
  await page.getByLabel(/^证件号码/).fill(person(someone()).document_number);
  await page.getByRole('checkbox').check();
  await page.getByRole('button', { name: '立即申请' }).click();
  await page.getByText('姓名填写有误。').waitFor();
  assert.equal(await page.locator('#name-fault').count(), 1, 'beside the field');
  await page.reload();
  await page.waitForFunction(() => /** @type {HTMLInputElement | null} */ (document.getElementById('name'))?.value.includes('<script>'));
  await nothingLeaks(page);
});
