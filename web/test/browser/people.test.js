// Tests the harness's people with the demo's gateway: its handheld asks for a ticket and for an earlier use.
import assert from 'node:assert/strict';
import test, { after } from 'node:test';

import { call, gate, startSystem } from './system.js';
import { holder, person, register, revoke, sell } from './people.js';
import { passes } from './passes.js';

const system = await startSystem();
after(() => system.stop());

/** Checks a code until the verdict has a property, at most 5 s: what the issuer accepts must reach the gateway. */
async function until(text, device, holds) {
  for (const end = Date.now() + 5000; ; await new Promise((r) => setTimeout(r, 50))) {
    const verdict = await gate(system, text, 'entry', device);
    if (holds(verdict) || Date.now() > end) return verdict;
  }
}

test('people have codes, tickets and revocations', { timeout: 60_000 }, async () => {
  assert.notEqual(person(1).document_number, person(2).document_number);
  const { account } = await register(system, 1);
  await sell(system, account);
  const one = await holder(system, 1);
  const seen = await until(one.code(), system.held, (v) => v.ticket?.state === 'held');
  assert.equal(seen.ticket.train, 'G101');
  const two = await holder(system, 2);
  const first = await gate(system, two.code(), 'entry', system.held);
  assert.deepEqual([first.reason, first.ticket.flagged], ['ok', true]);
  assert.equal((await gate(system, two.code(), 'entry', system.turnstile)).reason, 'already_used');
  await revoke(system, one.serial);
  assert.equal((await until(one.code(), system.device, (v) => v.reason !== 'ok')).reason, 'revoked');
  assert.ok(await call('GET', `${system.issuer}/v1/privacy-policy`));
});

test('codes that the test signs are valid', { timeout: 60_000 }, async () => {
  const next = passes(system);
  for (let n = 0; n < 3; n++) assert.equal((await gate(system, await next())).reason, 'ok');
});
