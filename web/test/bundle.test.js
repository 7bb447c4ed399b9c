// Runs the test vectors of bundle/testdata/vectors with web/railgate. web/test/browser/vectors.test.js does the same in Chromium.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';

import { uploadKey } from '../railgate/device.js';
import { refused, verdicts } from './vectors/bundles.js';

const folder = new URL('../../bundle/testdata/vectors/', import.meta.url);
const vectors = readdirSync(folder).filter((name) => name.endsWith('.json'))
  .map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')));

test('bundles are accepted or refused, and scans judged, as in the vectors', () => verdicts(vectors));

test('a refused bundle changes nothing', () => refused(vectors));

test('an upload keeps its key', async () => {
  assert.equal(await uploadKey('d', 'RG1:', 1), await uploadKey('d', 'RG1:', 1));
  assert.notEqual(await uploadKey('d', 'RG1:', 1), await uploadKey('d', 'RG1:', 2));
  assert.match(await uploadKey('d', 'RG1:', 1), /^[0-9a-f]{32}$/);
});
