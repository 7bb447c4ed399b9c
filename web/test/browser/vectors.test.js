// Runs the vectors of codes, bundles and receipts with web/railgate in Chromium: the same bodies as in Node.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

import { start } from './harness.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const { open } = await start();

/** Answers with the test's own files, which no server has. */
const before = async (page) => {
  await page.route('**/handheld/', (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>vectors</title>' }));
  await page.route('**/test/vectors/*.js', (route) => route.fulfill({ contentType: 'text/javascript', body: readFileSync(join(root, 'web', new URL(route.request().url()).pathname)) }));
  await page.route('**/testdata/*/vectors', (route) => {
    const folder = join(root, new URL(route.request().url()).pathname.split('/')[2], 'testdata/vectors');
    const all = readdirSync(folder).filter((name) => name.endsWith('.json')).map((name) => readFileSync(join(folder, name), 'utf8'));
    return route.fulfill({ contentType: 'application/json', body: `[${all.join(',')}]` });
  });
};

/** Runs a function of a module of vectors in a page. */
async function run(t, module, name, folder) {
  const page = await open(t, 'handheld', { before });
  return page.evaluate(async ([module, name, folder]) => {
    const vectors = await (await fetch(`/testdata/${folder}/vectors`)).json();
    return (await import(`/test/vectors/${module}.js`))[name](vectors);
  }, [module, name, folder]);
}

test('every code gets its answer, with WebCrypto and with the fallback', { timeout: 120_000 }, async (t) => {
  assert.equal(await run(t, 'codes', 'isNative', 'tokens'), true, 'this Chromium has Ed25519');
  assert.ok(await run(t, 'codes', 'answers', 'tokens') > 100);
});

test('chains are those of the vectors', { timeout: 60_000 }, (t) => run(t, 'codes', 'chains', 'tokens'));

test('bundles are accepted or refused, and scans judged, as in the vectors', { timeout: 60_000 }, (t) => run(t, 'bundles', 'verdicts', 'bundle'));

test('a refused bundle changes nothing', { timeout: 60_000 }, (t) => run(t, 'bundles', 'refused', 'bundle'));

test('receipts have the results and fields of the vectors', { timeout: 60_000 }, async (t) => {
  assert.ok(await run(t, 'receipts', 'receipts', 'bundle') > 20);
  await run(t, 'receipts', 'spellings', 'bundle');
});

test('altered bundles, sections and receipts are refused and do nothing else', { timeout: 120_000 }, (t) => run(t, 'receipts', 'altered', 'bundle'));
