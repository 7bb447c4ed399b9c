// Runs the test vectors of tokens/testdata/vectors with web/railgate. web/test/browser/vectors.test.js does the same in Chromium.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';

import { answers, chains, isNative } from './vectors/codes.js';

const folder = new URL('../../tokens/testdata/vectors/', import.meta.url);
const vectors = readdirSync(folder).filter((name) => name.endsWith('.json'))
  .map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')));

test('every vector gets its answer', () => answers(vectors));

test('chains are those of the vectors', () => chains(vectors));

test('this Node has a native Ed25519, so that both ways are tested', async () => {
  assert.ok(await isNative(vectors));
});
