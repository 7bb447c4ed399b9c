// Tests how a handheld reads its setup code.
import assert from 'node:assert/strict';
import test from 'node:test';

import { parseSetup, SetupRefused } from '../handheld/engine/setup.js';

const good = { v: 1, device: 'handheld-1', credential: `rgd_${'0a'.repeat(32)}`, authority: 'ab'.repeat(32), station: '北京南', scopes: ['onboard', 'entry'] };
const reasonOf = (text) => {
  try {
    parseSetup(text);
    return 'ok';
  } catch (err) {
    if (err instanceof SetupRefused) return err.reason;
    throw err;
  }
};

test('a setup code has its fields, with the scopes in their order', () => {
  const { v, ...fields } = good;
  assert.equal(v, 1);
  assert.deepEqual(parseSetup(JSON.stringify(good)), { ...fields, scopes: ['entry', 'onboard'] });
  assert.deepEqual(parseSetup(JSON.stringify(good, null, 2)), parseSetup(JSON.stringify(good)));
});

test('every fault has its reason', () => {
  const text = JSON.stringify(good);
  const cases = [
    ['form', '', 'null', '[]', '1', '{}', '{"v":1}', text.slice(1), `${text} x`, text.replace('"v":1', '"v":"1"'), text.replace('}', ',"note":1}'),
      text.replace('{', '{"device":"other",'), text.replace('"v":1,', ''), text.replace('"device"', '"d\\u0065vice"'), text.replace('"v":1', '"__proto__":1')],
    ['version', text.replace('"v":1', '"v":2'), '{"v":0}'],
    ['too_long', text.padEnd(1025)],
  ];
  const values = {
    device: ['', ' x', 'x\n', 'x'.repeat(65), '北'.repeat(22), 'a\u202eb', '\ud800', 1, null],
    credential: ['', 'rgd_', good.credential.toUpperCase(), `${good.credential}0`, `rgl_${'0a'.repeat(32)}`, ` ${good.credential}`, 1],
    authority: ['', 'AB'.repeat(32), 'ab'.repeat(31), 1],
    station: ['', '北'.repeat(22), 'a\u0000', {}],
    scopes: [[], ['entry', 'entry'], ['all'], 'entry', ['entry', null], new Array(8).fill('entry'), { 0: 'entry' }],
  };
  for (const [field, wrong] of Object.entries(values)) cases.push([field, ...wrong.map((value) => JSON.stringify({ ...good, [field]: value }))]);
  for (const [reason, ...texts] of cases) for (const one of texts) assert.equal(reasonOf(one), reason, one.slice(0, 200));
});

test('altered texts are refused, or have fields within the bounds', () => {
  const text = JSON.stringify(good);
  let state = 7;
  const random = (n) => Math.floor((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32 * n);
  let refused = 0;
  for (let n = 0; n < 5000; n++) {
    let other = text;
    for (let k = 1 + random(3); k > 0; k--) {
      const at = random(other.length + 1);
      other = other.slice(0, at) + ['', '"', '\\', '{', ',', '0', 'é', '\u{1f600}', '\0', '"v":1,', other.slice(at, at + random(40))][random(11)] + other.slice(at + random(4));
    }
    try {
      const { device, credential, authority, station, scopes } = parseSetup(other);
      assert.match(credential + authority, /^rgd_[0-9a-f]{128}$/);
      assert.ok([device, station].every((name) => name.length > 0 && Buffer.byteLength(name) <= 64) && scopes.length <= 7);
    } catch (err) {
      if (!(err instanceof SetupRefused)) throw err;
      refused++;
    }
  }
  assert.ok(refused > 4000, `${refused}`);
});
