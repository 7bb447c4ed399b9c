// A handheld in a bad network: faults, lost answers, restarts and scans in random order. Whatever happens, no code is admitted
// twice, no passenger is refused without a cause, and the handheld causes no conflict of its own.
import assert from 'node:assert/strict';
import test from 'node:test';

import { FakeStorage, handheld } from './fake/handheld.js';

const CODE_LIFE = 125_000;
const REPEAT = 10_000;
const FAULTS = [null, null, null, 'down', 'lost', 'overloaded', 'proxy', 'slow', 'stall'];
const PATHS = ['/v1/checks', '/v1/bundle'];

/** Runs one history of a handheld and returns how often what happened. */
async function history(seed, events) {
  let state = seed;
  const random = (n) => Math.floor((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32 * n);
  const world = await handheld({ storage: new FakeStorage(), bound: 30 });
  const { gateway, time } = world;
  const people = [];
  const seen = { ok: 0, repeated: 0, used: 0, offline: 0, restarts: 0 };
  const scan = async (person) => {
    const { text, step } = person.show(time.wall);
    const verdict = await world.engine.scan(text);
    const note = `seed ${seed}, ${person.serial}, ${verdict.reason} ${verdict.source} ${verdict.passback?.result}, ${JSON.stringify(person.admitted.map(({ at, ...one }) => ({ age: time.wall - at, ...one })))}`;
    const before = person.admitted.filter(({ at }) => time.wall - at < CODE_LIFE);
    const again = before.some((one) => one.step === step && time.wall - one.at < REPEAT);
    if (verdict.source === 'offline') seen.offline++;
    if (verdict.reason === 'already_used') {
      assert.ok(before.length > 0 && !again, `refused without a cause: ${note}`);
      seen.used++;
      return;
    }
    assert.equal(verdict.reason, 'ok', note);
    assert.ok(before.length === 0 || again, `admitted twice: ${note}`);
    if (again) seen.repeated++;
    else person.admitted.push({ at: time.wall, step });
    seen.ok++;
  };
  for (let n = 0; n < events; n++) {
    switch (random(8)) {
      case 0:
        gateway.fault = FAULTS[random(FAULTS.length)];
        break;
      case 1:
        gateway.faults.clear();
        if (random(2)) gateway.faults.set(PATHS[random(2)], FAULTS[random(FAULTS.length)]);
        break;
      case 2:
        await world.wait([1000, 3000, 8000, 20_000, 70_000][random(5)]);
        break;
      case 3:
        if (random(4) === 0) {
          await world.restart([100, 5000, 30_000][random(3)]);
          seen.restarts++;
        }
        break;
      case 4: case 5: {
        const holder = await world.holder();
        const start = time.wall;
        people.push({ serial: holder.serial, admitted: [], show: (now) => {
          const step = Math.floor((now - start) / 60_000);
          return { text: holder.code(step), step };
        }, until: start + 25 * 60_000 });
        await scan(people.at(-1));
        break;
      }
      default: {
        const recent = people.slice(-4).filter(({ until }) => time.wall < until);
        if (recent.length > 0) await scan(recent[random(recent.length)]);
      }
    }
  }
  gateway.fault = null;
  gateway.faults.clear();
  await world.wait(200_000);
  assert.deepEqual([world.engine.status.mode, world.engine.status.queue.waiting], ['online', 0], `seed ${seed}`);
  assert.deepEqual([await world.engine.conflicts(), await world.engine.refusals()], [[], []], `seed ${seed}`);
  for (const { serial, admitted } of people) {
    for (const { at } of admitted) {
      assert.ok(gateway.passages.some((p) => p.serial === serial && Math.abs(p.at - at) < REPEAT), `seed ${seed}: the gateway does not know ${serial}`);
    }
  }
  return seen;
}

test('no history of faults, restarts and scans admits a code twice or refuses one without a cause', { timeout: 240_000 }, async (t) => {
  const all = { ok: 0, repeated: 0, used: 0, offline: 0, restarts: 0 };
  const rounds = Number(process.env.RAILGATE_HISTORIES ?? 10);
  for (let seed = 1; seed <= rounds; seed++) {
    const seen = await history(seed * 7919, 120);
    for (const key of Object.keys(all)) all[key] += seen[key];
  }
  t.diagnostic(`${rounds} histories: ${JSON.stringify(all)}`);
  for (const [key, count] of Object.entries(all)) assert.ok(count >= rounds / 2, `${key}: ${count}`);
});
