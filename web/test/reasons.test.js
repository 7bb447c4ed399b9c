// The texts of reasons are those of docs/token-format.md.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { REASONS, textOf } from '../railgate/reasons.js';

test('reasons are those of the format, in its order', () => {
  const format = readFileSync(new URL('../../docs/token-format.md', import.meta.url), 'utf8');
  const section = format.slice(format.indexOf('## 11. Reasons'), format.indexOf('## 12. Versions'));
  const wanted = [...section.matchAll(/^(\w+) \((\w+)\)\n {2}(.+)\n {2}(.+)$/gm)].map((m) => m.slice(1));
  assert.ok(wanted.length > 20);
  assert.deepEqual(REASONS, wanted);
});

test('a reason with two classes has two texts, and an unknown one is a fault of the gate', () => {
  assert.notEqual(textOf('already_used', 'en', 'fraud'), textOf('already_used', 'en', 'passenger'));
  assert.equal(textOf('already_used', 'zh-CN'), textOf('already_used', 'zh', 'passenger'));
  assert.equal(textOf('revoked', 'en', 'fraud'), textOf('revoked', 'en'));
  assert.equal(textOf('of a later version', 'en'), textOf('internal_error', 'en'));
});
