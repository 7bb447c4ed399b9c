// Every verdict has a light, a title, an order and, in both languages, what to do next.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { ADVICE, DATA_STATES, PASSBACK_RESULTS, PASSBACK_STATES, TICKET_STATES } from '../handheld/advice.js';
import { adviceOf, lightOf, wordsOf } from '../handheld/verdict.js';
import { WHY, whyOf } from '../handheld/why.js';
import { REASONS } from '../railgate/reasons.js';

const api = readFileSync(new URL('../../docs/openapi/gateway.yaml', import.meta.url), 'utf8');

/** Returns the values of a field of a schema in the gateway's API. */
function valuesOf(schema, field) {
  const from = api.indexOf(`\n    ${schema}:`);
  const part = api.slice(from, from + 3000);
  const found = /enum: \[([^\]]+)\]/.exec(field ? part.slice(part.indexOf(`\n        ${field}:`)) : part);
  return found[1].split(', ');
}

const base = (reason, of, more) => ({
  light: 'green', reason, class: of, text: { zh: '文', en: 'text' }, source: 'online', flagged: false, flags: [], state: 'fresh', age: 0, at: 0, scope: 'entry', key: 'k', ...more,
});

const bilingual = (pair, name) => {
  assert.equal(pair?.length, 2, name);
  assert.match(pair[0], /\p{Script=Han}/u, name);
  assert.match(pair[1], /^[\p{Script=Latin}\p{P}\p{N}\p{Zs}]+$/u, name);
};

test('every reason has a light and words', () => {
  for (const [reason, of, en, zh] of REASONS) {
    const words = wordsOf(base(reason, of, { text: { zh, en } }));
    const name = `${reason}, ${of}`;
    bilingual(words.title, name);
    bilingual(words.order, name);
    assert.equal(words.admits, reason === 'ok', name);
    assert.equal(words.light, reason === 'ok' ? 'green' : of === 'verifier' ? 'amber' : 'red', name);
    if (reason === 'ok') continue;
    assert.deepEqual(words.text, [zh, en], name);
    bilingual(words.step, name);
    assert.ok(ADVICE[reason] ?? ADVICE[`${reason}/${of}`], `no advice: ${name}`);
  }
  const known = new Set(REASONS.flatMap(([reason, of]) => [reason, `${reason}/${of}`]));
  assert.deepEqual(Object.keys(ADVICE).filter((key) => !known.has(key)), [], 'advice for no reason');
});

test('only ok is green, whatever else a verdict says', () => {
  for (const reason of [...REASONS.map(([r]) => r), 'of a later version', '']) {
    for (const of of ['ok', 'passenger', 'fraud', 'issuer', 'verifier', 'of a later version']) {
      for (const flagged of [false, true]) {
        const light = lightOf({ reason, class: of, flagged });
        assert.equal(light === 'green', reason === 'ok' && !flagged, `${reason} ${of} ${flagged}`);
        assert.equal(wordsOf(base(reason, of, { flagged })).admits, reason === 'ok');
      }
    }
  }
  assert.equal(adviceOf('of a later version', 'passenger'), ADVICE.internal_error);
  assert.notEqual(adviceOf('already_used', 'fraud'), adviceOf('already_used', 'passenger'));
});

test('every state of second use, ticket and data of the API has an entry', () => {
  assert.deepEqual(Object.keys(PASSBACK_STATES).sort(), valuesOf('Passback', 'state').sort());
  assert.deepEqual(Object.keys(PASSBACK_RESULTS).sort(), valuesOf('Passback', 'result').sort());
  assert.deepEqual(Object.keys(TICKET_STATES).sort(), valuesOf('Ticket', 'state').sort());
  assert.deepEqual(Object.keys(DATA_STATES).sort(), [...valuesOf('RevocationState'), 'no_bundle', 'clock_doubted'].sort());
  for (const [name, pair] of [PASSBACK_STATES, PASSBACK_RESULTS, TICKET_STATES, DATA_STATES].flatMap(Object.entries)) if (pair) bilingual(pair.map((p) => p.replace('{0}', '3')), name);
});

test('what is flagged is said, and when the code was used', () => {
  for (const result of Object.keys(PASSBACK_RESULTS)) {
    for (const reach of Object.keys(PASSBACK_STATES)) {
      for (const ticket of Object.keys(TICKET_STATES)) {
        for (const state of Object.keys(DATA_STATES)) {
          const words = wordsOf(base('ok', 'ok', { flagged: true, flags: ['data', 'ticket', 'passback'], state, ticket: { state: ticket }, passback: { result, reach, age: 41_250 } }));
          assert.equal(words.light, 'amber');
          const expected = [TICKET_STATES[ticket], PASSBACK_STATES[reach], DATA_STATES[state]].filter(Boolean);
          assert.deepEqual(words.notes, expected);
          assert.equal(words.used === null, PASSBACK_RESULTS[result] === null);
        }
      }
    }
  }
  const words = wordsOf(base('already_used', 'passenger', { passback: { result: 'used', reach: 'exact', age: 41_250 } }));
  assert.deepEqual(words.used, ['41秒前已使用', 'Used 41 s ago']);
  assert.deepEqual(wordsOf(base('ok', 'ok', { flagged: true, flags: ['ticket'], ticket: { state: 'none' }, passback: { result: 'first', reach: 'local', age: 0 } })).notes, [TICKET_STATES.none]);
});

test('every cause of a mode is said in both languages', () => {
  const gateway = readFileSync(new URL('../handheld/engine/gateway.js', import.meta.url), 'utf8');
  const causes = [.../@typedef \{(.+)\} Cause/.exec(gateway)[1].matchAll(/'(\w+)'/g)].map(([, cause]) => cause);
  assert.ok(causes.length > 5);
  for (const why of [...causes, 'starting', 'recovered', 'no_data']) bilingual(WHY[why], why);
  assert.notEqual(whyOf({ mode: 'offline', why: 'of a later version' }), whyOf({ mode: 'online', why: 'of a later version' }));
});
