// Runs the test vectors of bundle/testdata/vectors about accepting bundles.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';

import { unhex } from '../railgate/code.js';
import { Proofs } from '../railgate/proofs.js';
import { DocumentRefused } from '../railgate/reader.js';
import { Store } from '../railgate/store.js';

const folder = new URL('../../bundle/testdata/vectors/', import.meta.url);
const vectors = readdirSync(folder).filter((name) => name.endsWith('.json'))
  .map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')));

test('every bundle of the vectors is accepted or refused as it must be', async () => {
  const codes = new Map();
  for (const vector of vectors) {
    const store = new Store(await Proofs.of(unhex(vector.authority)), vector.device ?? '');
    for (const [i, { raw, clock, expect }] of (vector.bundles ?? []).entries()) {
      const got = await store.accept(unhex(raw), clock ? { wall: clock.wall_ms, steady: clock.steady_ms, boot: clock.boot } : null)
        .then(() => 'ok', (err) => {
          if (err instanceof DocumentRefused) return err.code;
          throw err;
        });
      assert.equal(got, expect, `${vector.name}, bundle ${i}`);
      codes.set(got, (codes.get(got) ?? 0) + 1);
    }
  }
  assert.ok(codes.get('ok') >= 18 && codes.size > 12, `${[...codes]}`);
});
