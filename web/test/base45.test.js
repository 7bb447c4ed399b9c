import assert from 'node:assert/strict';
import test from 'node:test';

import { decode, encode } from '../railgate/base45.js';

test('every text has at most one meaning, and every byte string one text', () => {
  let state = 1;
  const random = (n) => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) % n;
  for (let i = 0; i < 2000; i++) {
    const bytes = Uint8Array.from({ length: random(9) }, () => random(256));
    const text = encode(bytes);
    assert.deepEqual(decode(text), bytes);
    const at = random(text.length + 1);
    const other = text.slice(0, at) + ' 0AZ%:ab\u00e9\u{1f600}'[random(10)] + text.slice(at + random(2));
    const read = decode(other);
    if (read) assert.equal(encode(read), other);
  }
});

test('what RFC 9285 shows', () => {
  const bytes = (text) => new TextEncoder().encode(text);
  for (const [text, encoded] of [['AB', 'BB8'], ['Hello!!', '%69 VD92EX0'], ['base-45', 'UJCLQE7W581'], ['ietf!', 'QED8WEX0']]) {
    assert.equal(encode(bytes(text)), encoded);
    assert.deepEqual(decode(encoded), bytes(text));
  }
  for (const invalid of ['GGW', ':::', 'A', 'AAAA', 'ZZ', 'aaa', 'A A\n']) assert.equal(decode(invalid), null, invalid);
});
