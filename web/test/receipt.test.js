// Runs the receipts of bundle/testdata/vectors with web/railgate. web/test/browser/vectors.test.js does the same in Chromium.
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';

import { altered, receipts, spellings } from './vectors/receipts.js';

const folder = new URL('../../bundle/testdata/vectors/', import.meta.url);
const vectors = readdirSync(folder).filter((name) => name.endsWith('.json'))
  .map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')));

test('receipts have the results and fields of the vectors', () => receipts(vectors));

test('a receipt as text has one spelling', () => spellings(vectors));

test('altered bundles, sections and receipts are refused and do nothing else', () => altered(vectors));
