// Tests the handheld's engine beside a fake gateway: online, offline, the switch, and what must not be lost.
import assert from 'node:assert/strict';
import test from 'node:test';

import { encode } from '../railgate/base45.js';
import { parseText } from '../railgate/code.js';
import { setupOf, handheld, FakeStorage, BOUND } from './fake/handheld.js';
import { Signer } from './fake/signer.js';

/** Returns what matters of a verdict. */
const brief = ({ light, reason, source, flagged }) => `${light} ${reason} ${source}${flagged ? ' flagged' : ''}`;

test('a gateway that answers judges', async () => {
  const { engine, gateway, holder } = await handheld();
  const a = await holder();
  const verdict = await engine.scan(a.code());
  assert.equal(brief(verdict), 'green ok online');
  assert.deepEqual([verdict.serial, verdict.left, verdict.state, verdict.passback], [a.serial, 1700, 'fresh', { result: 'first', age: 0, reach: 'exact' }]);
  assert.match(verdict.text.zh, /请通行/);
  const b = await holder();
  gateway.revoked.add(b.serial);
  assert.equal(brief(await engine.scan(b.code())), 'red revoked online');
  const forged = parseText(a.code()).wire.slice();
  forged[124] ^= 1;
  assert.equal(brief(await engine.scan(`RG1:${encode(forged)}`)), 'red link_mismatch online');
  assert.deepEqual([engine.status.mode, engine.status.why], ['online', 'recovered']);
});

test('a text that is no code is judged at once, and one of a later version by the gateway', async () => {
  const { engine, gateway } = await handheld();
  const before = gateway.requests.length;
  for (const text of ['', 'https://example.com/menu', 'RG1:', 'RG1:'.padEnd(192, 'a'), 'RG2:'.padEnd(2000, '0'), '\u{1f600}']) {
    assert.equal(brief(await engine.scan(text)), 'red malformed online', text);
  }
  assert.equal(gateway.requests.length, before);
  assert.equal(brief(await engine.scan('RG2:anything')), 'amber unsupported_version online');
  assert.equal(gateway.requests.length, before + 1);
});

test('one failed check is judged by the handheld, two switch, and probes switch back', async () => {
  const { engine, gateway, holder, wait } = await handheld();
  const changes = [];
  engine.on(() => changes.push(`${engine.status.mode} ${engine.status.why}`));
  gateway.fault = 'slow';
  const a = await holder();
  const began = performance.now();
  assert.equal(brief(await engine.scan(a.code())), 'green ok offline');
  assert.ok(performance.now() - began < BOUND + 500);
  assert.equal(engine.status.mode, 'online', 'one failure is no reason to switch');
  assert.equal(brief(await engine.scan((await holder()).code())), 'green ok offline');
  assert.deepEqual([engine.status.mode, engine.status.why], ['offline', 'gateway_slow']);
  const before = gateway.requests.length;
  assert.equal(brief(await engine.scan((await holder()).code())), 'green ok offline');
  assert.equal(gateway.requests.length, before, 'nobody waits for a gateway that does not answer');
  await wait(5000);
  assert.equal(engine.status.mode, 'offline');
  gateway.fault = null;
  await wait(10_000);
  assert.deepEqual([engine.status.mode, engine.status.why, engine.status.queue.waiting], ['online', 'recovered', 0]);
  assert.equal(brief(await engine.scan((await holder()).code())), 'green ok online');
  assert.ok(changes.includes('offline gateway_slow') && changes.at(-1) === 'online recovered', `${changes}`);
});

test('every kind of failure has its cause', async () => {
  for (const [fault, cause] of [['down', 'no_network'], ['stall', 'gateway_slow'], ['lost', 'no_network'], ['overloaded', 'overloaded'], ['full', 'overloaded'],
    ['unauthorized', 'unauthorized'], ['not_allowed', 'not_allowed'], ['page', 'gateway_down'], ['proxy', 'gateway_down'], ['garbage', 'gateway_down'], ['fault', 'gateway_down']]) {
    const { engine, gateway, holder } = await handheld();
    gateway.fault = fault;
    for (let n = 0; n < 2; n++) assert.equal(brief(await engine.scan((await holder()).code())), 'green ok offline', fault);
    assert.deepEqual([engine.status.mode, engine.status.why], ['offline', cause], fault);
  }
});

test('a relapse asks for more good probes', async () => {
  const { engine, gateway, holder, wait } = await handheld();
  const until = async (mode) => {
    let seconds = 0;
    for (; engine.status.mode !== mode && seconds < 60; seconds++) await wait(1000);
    return seconds;
  };
  const fail = async () => {
    gateway.fault = 'down';
    for (let n = 0; n < 2; n++) await engine.scan((await holder()).code());
    gateway.fault = null;
    return until('online');
  };
  const [first, second, third] = [await fail(), await fail(), await fail()];
  assert.ok(first < second && second < third && third < 15, `${[first, second, third]}`);
});

test('probes become rarer', async () => {
  const { engine, gateway, holder, wait } = await handheld();
  gateway.fault = 'down';
  for (let n = 0; n < 2; n++) await engine.scan((await holder()).code());
  const count = async (ms) => {
    const before = gateway.requests.length;
    await wait(ms);
    return gateway.requests.length - before;
  };
  const [early, late] = [await count(30_000), await count(30_000)];
  assert.ok(early > late && early <= 8 && late >= 1 && late <= 2, `${early}, ${late}`);
  assert.equal(engine.status.mode, 'offline');
  engine.onOnline(); // the browser found a network
  gateway.fault = null;
  await wait(3000);
  assert.equal(engine.status.mode, 'online');
});

test('an answer that was lost after the gateway acted is one passage and no conflict', async () => {
  for (const fault of ['lost', 'slow']) {
    const { engine, gateway, holder, wait } = await handheld();
    gateway.fault = fault;
    const a = await holder();
    assert.equal(brief(await engine.scan(a.code())), 'green ok offline');
    gateway.fault = null;
    assert.equal(engine.status.queue.waiting, 1);
    await wait(3000);
    assert.equal(engine.status.queue.waiting, 0);
    assert.equal(gateway.passages.length, 2, 'the check, and the report');
    assert.deepEqual(await engine.conflicts(), [], fault);
    await wait(3000);
    assert.equal(brief(await engine.scan(a.code())), 'green ok online', 'the same code within 10 s is a repetition');
    await wait(70_000);
    assert.equal(brief(await engine.scan(a.code(1))), 'red already_used online');
  }
});

test('a late answer makes no second verdict', async () => {
  const { engine, gateway, holder, deps } = await handheld();
  const answer = gateway.fetch;
  let late;
  engine.handheld.gateway.fetch = (...args) => new Promise((resolve) => { late = () => resolve(answer(...args)); });
  const a = await holder();
  const verdicts = [];
  await engine.scan(a.code()).then((verdict) => verdicts.push(verdict));
  late();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(verdicts.map(brief), ['green ok offline']);
  assert.equal(engine.handheld.device.own.length, 1);
  assert.equal(deps.bounds.check, BOUND);
});

test('a second use is refused across the switch, both ways', async () => {
  const { engine, gateway, holder, wait } = await handheld();
  const [a, b] = [await holder(), await holder()];
  assert.equal(brief(await engine.scan(a.code())), 'green ok online');
  gateway.fault = 'down';
  await wait(15_000);
  assert.equal(brief(await engine.scan(a.code())), 'red already_used offline', 'admitted online, shown again offline');
  assert.equal(brief(await engine.scan(b.code())), 'green ok offline');
  await wait(1000);
  assert.equal(brief(await engine.scan(b.code())), 'green ok offline', 'read again within 10 s');
  gateway.fault = null;
  gateway.faults.set('/v1/checks', 'down'); // checks are answered, reports are not
  engine.handheld.link.recover();
  await wait(15_000);
  assert.equal(brief(await engine.scan(b.code())), 'red already_used offline', 'the gateway cannot know it yet');
  assert.equal(gateway.passages.filter(({ serial }) => serial === b.serial).length, 0);
  gateway.faults.clear();
  await wait(70_000);
  assert.equal(engine.status.queue.waiting, 0);
  assert.equal(brief(await engine.scan(b.code(1))), 'red already_used online');
});

test('two taps on one code are one scan', async () => {
  const { engine, gateway, holder } = await handheld();
  const a = await holder();
  const before = gateway.requests.length;
  const [one, two] = await Promise.all([engine.scan(a.code()), engine.scan(a.code())]);
  assert.equal(one, two);
  assert.equal(gateway.requests.length, before + 1);
});

test('a scan is stored before its verdict is shown, and reported after a crash', async () => {
  const world = await handheld();
  const { gateway, holder, storage } = world;
  gateway.fault = 'down';
  const a = await holder();
  let shown = false;
  storage.before = (changes) => {
    if (changes.some(({ area }) => area === 'scans')) assert.ok(!shown);
  };
  await world.engine.scan(a.code()).then(() => { shown = true; });
  storage.before = () => {};
  assert.equal(storage.area('scans').size, 1);
  assert.ok(![...storage.area('scans').values()].some((value) => JSON.stringify(value).includes('RG1:')), 'encrypted');
  await world.restart();
  assert.equal(world.engine.status.queue.waiting, 1);
  assert.equal(world.engine.status.mode, 'online');
  assert.equal(brief(await world.engine.scan(a.code())), 'green ok offline', 'within 10 s');
  await world.wait(20_000);
  assert.equal(brief(await world.engine.scan(a.code())), 'red already_used offline');
  gateway.fault = null;
  await world.wait(90_000);
  assert.equal(world.engine.status.queue.waiting, 0);
  assert.equal(gateway.passages.length, 1);
  await world.wait(200_000);
  assert.equal(storage.area('scans').size, 0, 'a passage whose window is over is forgotten');
});

test('a first start without a network works after one start with one', async () => {
  const world = await handheld();
  world.gateway.fault = 'down';
  await world.restart(3_600_000);
  const { engine } = world;
  assert.equal(engine.state, 'ready');
  await world.wait(1000);
  assert.deepEqual([engine.status.mode, engine.status.why, engine.status.bundle?.state], ['offline', 'no_network', 'stale']);
  const verdict = await engine.scan((await world.holder()).code());
  assert.equal(brief(verdict), 'green ok offline');
  assert.ok(verdict.age > 3_500_000 && verdict.state === 'stale');
  await world.restart(20_000_000);
  assert.equal(brief(await world.engine.scan((await world.holder()).code())), 'amber stale_revocation_data offline');
});

test('without a bundle the handheld asks twice, and then refuses', async () => {
  const { engine, gateway, holder } = await handheld({ provisioned: false });
  gateway.faults.set('/v1/bundle', 'down');
  await engine.provision(setupOf(new Signer()));
  gateway.faults.set('/v1/check', 'down');
  assert.equal(brief(await engine.scan((await holder()).code())), 'amber no_revocation_data offline');
  assert.equal(gateway.requests.filter(({ path }) => path.startsWith('/v1/check?')).length, 2);
  assert.deepEqual([engine.status.why, engine.status.cause], ['no_data', 'no_network']);
});

test('a gateway that has no data yet does not decide if the handheld has data', async () => {
  const { engine, gateway, holder, wait } = await handheld();
  gateway.faults.set('data', 'booting');
  assert.equal(brief(await engine.scan((await holder()).code())), 'green ok offline');
  assert.deepEqual([engine.status.mode, engine.status.why], ['offline', 'not_ready']);
  await wait(10_000);
  assert.equal(engine.status.mode, 'offline');
  gateway.faults.clear();
  await wait(40_000);
  assert.equal(engine.status.mode, 'online');
});

test('a conflict has place and gap', async () => {
  const world = await handheld();
  const { engine, gateway, holder, time, wait } = world;
  const [a, b, c] = [await holder(), await holder(), await holder()];
  gateway.fault = 'down';
  await engine.scan(a.code());
  await engine.scan(b.code());
  await engine.scan(c.code());
  const at = time.wall;
  gateway.elsewhere(a.code(), at + 41_000);
  gateway.elsewhere(b.code(), at + 20_000, 'here');
  await wait(60_000);
  gateway.fault = null;
  await wait(60_000);
  const conflicts = await engine.conflicts();
  assert.equal(engine.status.conflicts, 2);
  const [of, other] = [a, b].map(({ serial }) => conflicts.find((one) => one.serial === serial));
  assert.deepEqual({ ...of, id: '' }, { id: '', serial: a.serial, way: 'entry', here: { at, place: '北京南' }, there: { at: null, place: 'elsewhere' }, gap: 41_000, decided: null });
  assert.deepEqual([other.there, other.gap], [{ at: at + 20_000, place: 'station' }, 20_000]);
  await engine.acknowledgeConflict(of.id);
  assert.equal(engine.status.conflicts, 1);
  await world.restart();
  assert.equal((await world.engine.conflicts()).length, 2);
  assert.equal(world.engine.status.conflicts, 1);
  await world.wait(60_000);
  world.time.wall += 49 * 3600 * 1000; // the page slept
  await world.wait(61_000);
  assert.deepEqual(await world.engine.conflicts(), []);
});

test('a scan that the gateway refuses later is kept for people', async () => {
  const { engine, gateway, holder, wait } = await handheld();
  gateway.fault = 'down';
  const a = await holder();
  await engine.scan(a.code());
  gateway.revoked.add(a.serial);
  gateway.fault = null;
  await wait(10_000);
  const [refused, ...others] = await engine.refusals();
  assert.equal(others.length, 0);
  assert.deepEqual([refused.serial, refused.reason, refused.class, engine.status.queue.refused], [a.serial, 'revoked', 'passenger', 1]);
  await engine.acknowledgeConflict(refused.id);
  assert.equal(engine.status.queue.refused, 0);
});

test('reports go in batches, again after failures, and a scan that cannot be read holds up no other', async () => {
  const { engine, gateway, holder, wait, signer, time } = await handheld();
  gateway.fault = 'down';
  const codes = [];
  for (let n = 0; n < 450; n++) codes.push((await signer.holder(time.wall - 1000)).code());
  for (const code of codes) await engine.scan(code);
  assert.equal(engine.status.queue.waiting, 450);
  gateway.fault = null;
  gateway.faults.set('/v1/checks', 'lost').set('scan', codes[300]);
  await wait(10_000);
  assert.equal(engine.status.queue.waiting, 450);
  gateway.faults.delete('/v1/checks');
  await wait(90_000);
  assert.equal(engine.status.queue.waiting, 0);
  assert.equal(new Set(gateway.passages.map(({ upload }) => upload)).size, 449);
  assert.equal(gateway.passages.length, 449, 'sent again, and counted once');
  assert.equal((await engine.refusals()).length, 1);
  assert.ok(engine.handheld.device.own.every(({ code }) => code === ''), 'a code is dropped when it was reported');
  assert.ok(gateway.requests.filter(({ path }) => path.startsWith('/v1/checks')).every(({ body }) => JSON.parse(body).scans.length <= 200 && body.length < 131072));
});

test('a code waits for a day at most', async () => {
  const world = await handheld();
  const { engine, gateway, holder, time } = world;
  gateway.fault = 'down';
  await engine.scan((await holder()).code());
  time.wall += 25 * 3600 * 1000;
  time.steady += 25 * 3600 * 1000;
  await world.wait(61_000);
  assert.equal(engine.status.queue.waiting, 0);
  const [refused] = await engine.refusals();
  assert.equal(refused.reason, 'scan_time_refused');
  assert.ok(engine.handheld.device.own.every(({ code }) => code === ''));
});

test('a full disk loses no verdict, is shown, and is over when there is room', async () => {
  const { engine, gateway, holder, storage, wait } = await handheld();
  gateway.fault = 'down';
  assert.deepEqual(engine.status.storage, { lasting: true, why: null });
  storage.full = true;
  assert.equal(brief(await engine.scan((await holder()).code())), 'green ok offline');
  assert.deepEqual(engine.status.storage, { lasting: false, why: 'failing' });
  await wait(3000);
  storage.full = false;
  await wait(3000);
  assert.deepEqual(engine.status.storage, { lasting: true, why: null });
  assert.equal(storage.area('scans').size, 1);
});

test('a disk without room for bundles does not fetch full ones each minute', async () => {
  const world = await handheld();
  const { engine, gateway, storage, wait } = world;
  const before = gateway.requests.length;
  storage.full = true;
  await wait(15 * 60_000);
  const fetched = gateway.requests.slice(before).filter(({ path }) => path.startsWith('/v1/bundle'));
  assert.ok(fetched.length >= 14 && fetched.filter(({ path }) => !/since=/.test(path)).length <= 2, `${fetched.map(({ path }) => path)}`);
  assert.deepEqual([engine.status.bundle.state, engine.status.storage.why], ['fresh', 'failing']);
  storage.full = false;
  await wait(12 * 60_000);
  assert.equal(engine.status.storage.why, null);
  gateway.fault = 'down';
  await world.restart();
  assert.ok(world.engine.status.bundle.age < 12 * 60_000);
});

test('a use that the device may not check does not stop another one', async () => {
  const { engine, gateway, holder, wait } = await handheld();
  gateway.fault = 'not_allowed';
  await engine.scan((await holder()).code());
  assert.deepEqual([engine.status.mode, engine.status.why], ['offline', 'not_allowed']);
  gateway.fault = null;
  await engine.setScope('onboard');
  await wait(4000);
  assert.equal(engine.status.mode, 'online');
});

test('bundles: deltas, then a full one; refused ones change nothing', async () => {
  const world = await handheld();
  const { engine, gateway, storage, wait } = world;
  const sinces = () => gateway.requests.filter(({ path }) => path.startsWith('/v1/bundle')).map(({ path }) => /since=/.test(path));
  await wait(130_000);
  assert.deepEqual(sinces(), [false, true, true]);
  assert.equal(storage.area('bundles').size, 3);
  const { watermark } = engine.status.bundle;
  gateway.bundle = { watermark: watermark - 1 };
  await wait(60_000);
  assert.deepEqual([engine.status.fault, engine.status.bundle.watermark], ['rolled_back', watermark]);
  gateway.bundle = { device: 'another' };
  await wait(60_000);
  assert.deepEqual([engine.status.fault, engine.status.bundle.watermark], ['device', watermark]);
  gateway.bundle = {};
  await wait(61_000);
  assert.equal(engine.status.fault, null);
  assert.equal(storage.area('bundles').size, 1, 'a full one replaces all');
  await wait(62 * 60_000);
  assert.equal(sinces().filter((delta) => !delta).length > 1, true);
  assert.ok(storage.area('bundles').size <= 62);
  gateway.fault = 'down';
  await world.restart();
  assert.equal(world.engine.status.bundle.state, 'fresh');
  assert.equal(brief(await world.engine.scan((await world.holder()).code())), 'green ok offline');
});

test('stored bundles that were damaged are dropped from the damage on', async () => {
  const world = await handheld();
  await world.wait(130_000);
  const { storage } = world;
  const [first, second] = [...storage.area('bundles').keys()].sort();
  const watermark = storage.area('bundles').get(first);
  storage.area('bundles').set(second, new Uint8Array([1, 2, 3]));
  world.gateway.fault = 'down';
  await world.restart();
  assert.ok(watermark && world.engine.status.bundle);
  assert.equal(storage.area('bundles').size, 1);
  storage.area('bundles').set(first, new Uint8Array());
  await world.restart();
  assert.equal(world.engine.status.bundle, null);
});

test('a withdrawal is remembered when the bundles are lost', async () => {
  const world = await handheld();
  const { gateway, signer, storage, time } = world;
  gateway.bundle = { batches: [signer.withdrawal(time.wall + 86_400_000)] };
  await world.engine.fetchBundle();
  assert.equal(world.engine.status.fault, null);
  storage.area('bundles').clear();
  gateway.bundle = {};
  await world.restart(2 * 86_400_000);
  await world.wait(2000);
  assert.equal(world.engine.status.fault, 'gateway_withdrawn');
});

test('a clock that is set back does not stop a handheld with a bundle, and a restart without a network does not believe it', async () => {
  const world = await handheld();
  const { engine, gateway, time } = world;
  const a = await world.holder();
  gateway.fault = 'down';
  const now = time.wall;
  time.wall -= 3 * 3600 * 1000;
  await world.wait(1000);
  const verdict = await engine.scan(a.code());
  assert.equal(brief(verdict), 'amber ok offline flagged');
  assert.deepEqual([verdict.state, verdict.flags, Math.abs(verdict.at - now) < 5000], ['clock_doubted', ['data'], true]);
  await world.restart();
  assert.equal(brief(await world.engine.scan(a.code())), 'amber scan_time_refused offline');
  time.wall = now + 10_000;
  await world.restart();
  assert.match(brief(await world.engine.scan((await world.holder()).code())), /^green ok offline/);
});

test('sleep is no wrong clock', async () => {
  const { engine, gateway, holder, time } = await handheld();
  gateway.fault = 'down';
  time.wall += 500_000; // while the steady clock stood still
  const verdict = await engine.scan((await holder()).code());
  assert.equal(brief(verdict), 'green ok offline');
  assert.equal(verdict.state, 'fresh');
});

test('a thousand scans leave no more than their window', async () => {
  const { engine, gateway, holder, wait, storage } = await handheld();
  for (let n = 0; n < 1000; n++) {
    if (n === 500) gateway.fault = 'down';
    assert.match(brief(await engine.scan((await holder()).code())), n < 500 ? /online$/ : /^green ok offline$/);
    if (n % 50 === 49) await wait(1000);
  }
  gateway.fault = null;
  await wait(300_000);
  const { device } = engine.handheld;
  assert.deepEqual([device.own.length, device.table.latest.size, engine.scanning.size, storage.area('scans').size, engine.handheld.scans.stored.size], [0, 0, 0, 0, 0]);
  assert.ok(storage.area('bundles').size < 20);
  assert.equal(gateway.passages.length, 1000);
});

test('long without a bundle, online scans are forgotten after their window', async () => {
  const { engine, gateway, holder, wait } = await handheld();
  gateway.faults.set('/v1/bundle', 'overloaded');
  for (let n = 0; n < 100; n++) await engine.scan((await holder()).code());
  assert.equal(engine.handheld.device.own.length, 100);
  await wait(260_000);
  assert.deepEqual([engine.handheld.device.own.length, engine.handheld.device.table.latest.size, engine.status.fault], [0, 0, 'overloaded']);
});

test('scope and train are kept', async () => {
  const world = await handheld();
  await world.engine.setScope('onboard');
  await world.engine.setTrain('G101');
  await world.wait(1000);
  assert.ok(world.gateway.requests.some(({ path }) => path.startsWith('/v1/bundle?train=G101')));
  await world.engine.scan((await world.holder()).code());
  assert.ok(world.gateway.requests.some(({ path }) => path === '/v1/check?scope=onboard&train=G101'));
  await assert.rejects(world.engine.setScope('sale'), RangeError);
  for (const train of ['g101', 'G1 01', 'G10101010', 'G101&scope=sale']) await assert.rejects(world.engine.setTrain(train), RangeError);
  await world.restart();
  assert.deepEqual([world.engine.scope, world.engine.train], ['onboard', 'G101']);
  await world.engine.provision(setupOf(world.signer, { scopes: ['entry'] }));
  assert.equal(world.engine.scope, 'entry');
});

test('another page of the browser waits until the first one is closed', async () => {
  const { deps } = await handheld();
  let taken = false;
  const queue = [];
  const locks = { request: async (_, ...args) => {
    const [options, work] = args.length === 2 ? args : [{}, args[0]];
    if (taken && options.ifAvailable) return work(null);
    if (taken) await new Promise((resolve) => queue.push(resolve));
    taken = true;
    await work({});
    taken = false;
    queue.shift()?.();
  } };
  const { Engine } = await import('../handheld/engine/engine.js');
  const first = await Engine.open({ ...deps, locks });
  const second = await Engine.open({ ...deps, locks });
  assert.deepEqual([first.state, second.state, second.status.why], ['ready', 'other_tab', 'other_tab']);
  await assert.rejects(second.provision('{}'), { reason: 'other_tab' });
  await assert.rejects(second.forget({ force: true }), { reason: 'other_tab' });
  const told = new Promise((resolve) => second.on(() => resolve(second.state)));
  first.close();
  assert.equal(await told, 'ready');
});

test('a handheld is forgotten, but not with scans that wait', async () => {
  const { engine, gateway, holder, storage, signer } = await handheld();
  gateway.fault = 'down';
  await engine.scan((await holder()).code());
  await assert.rejects(engine.forget(), { reason: 'uploads_waiting' });
  await assert.rejects(engine.provision(setupOf(signer, { device: 'other' })), { reason: 'uploads_waiting' });
  await engine.provision(setupOf(signer));
  assert.equal(engine.status.queue.waiting, 1, 'the same device keeps its scans');
  await engine.forget({ force: true });
  assert.deepEqual([engine.state, engine.settings, engine.status.why], ['unprovisioned', null, 'unprovisioned']);
  for (const area of storage.areas.values()) assert.equal(area.size, 0);
  assert.equal(brief(await engine.scan('RG1:')), 'amber no_revocation_data offline');
});

test('the credential is stored encrypted', async () => {
  const storage = new FakeStorage();
  await handheld({ storage });
  const seen = JSON.stringify([...storage.areas].map(([, area]) => [...area]), (_, v) => v instanceof Uint8Array ? Buffer.from(v).toString('latin1') : v instanceof ArrayBuffer ? Buffer.from(v).toString('latin1') : v);
  assert.ok(!seen.includes('rgd_') && !seen.includes('abababab'));
  assert.equal(storage.area('state').get('key').extractable, false);
});

test('beyond ten thousand scans the policy for a full table decides', async () => {
  const { engine, gateway, holder, wait } = await handheld();
  gateway.fault = 'down';
  const passage = { serial: '1-1', way: 0, at: 0, step: 0 };
  const { device } = engine.handheld;
  device.own = Array.from({ length: 10_000 }, (_, n) => ({ code: 'RG1:', scope: 'entry', at: engine.clocks.wall(), key: `${n}`, sent: false, passage }));
  const verdict = await engine.scan((await holder()).code());
  assert.equal(brief(verdict), 'amber ok offline flagged');
  assert.deepEqual([verdict.flags, device.own.length], [['passback'], 10_000]);
  gateway.bundle = { policy: { unknown: 0 } };
  gateway.fault = null;
  gateway.faults.set('/v1/checks', 'down');
  await engine.fetchBundle();
  gateway.fault = 'down';
  assert.equal(brief(await engine.scan((await holder()).code())), 'amber no_passage_data offline');
  assert.equal(engine.status.mode, 'offline');
  await wait(1000);
});

test('batches that an overloaded gateway refuses do not keep the handheld offline', async () => {
  const { engine, gateway, holder, wait } = await handheld();
  gateway.fault = 'overloaded';
  const a = await holder();
  await engine.scan(a.code());
  await engine.scan((await holder()).code());
  assert.deepEqual([engine.status.mode, engine.status.why], ['offline', 'overloaded']);
  gateway.fault = null;
  gateway.faults.set('/v1/checks', 'overloaded').set('/v1/bundle', 'overloaded');
  await wait(10_000);
  assert.deepEqual([engine.status.mode, engine.status.queue.waiting], ['online', 2]);
  assert.equal(brief(await engine.scan(a.code())), 'red already_used offline');
  gateway.faults.clear();
  await wait(65_000);
  assert.equal(engine.status.queue.waiting, 0);
});

test('a policy that waits for a barrier gets its report at once', async () => {
  const { engine, gateway, holder, wait } = await handheld();
  gateway.alter = (answer) => ({ ...answer, passback: { state: 'exact', result: 'held', flagged: false, age_ms: 0 } });
  const a = await holder();
  await engine.scan(a.code());
  await wait(1000);
  const reports = gateway.requests.filter(({ path }) => path === '/v1/passages').map(({ body }) => JSON.parse(body));
  assert.deepEqual(reports, [{ serial: a.serial, scope: 'entry', passed: true }]);
});

test('a storage that cannot be read is replaced by memory', async () => {
  const { storage, deps } = await handheld();
  storage.get = () => Promise.reject(new DOMException('damaged', 'UnknownError'));
  const { Engine } = await import('../handheld/engine/engine.js');
  const engine = await Engine.open(deps);
  assert.deepEqual([engine.state, engine.status.storage], ['unprovisioned', { lasting: false, why: 'denied' }]);
  await engine.provision(setupOf(new Signer()));
  assert.equal(engine.state, 'ready');
});
