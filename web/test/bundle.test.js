// Runs the test vectors of bundle/testdata/vectors: which bundles a device accepts, and its verdicts on scans.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';

import { unhex } from '../railgate/code.js';
import { Device, uploadKey } from '../railgate/device.js';
import { Proofs } from '../railgate/proofs.js';
import { DocumentRefused } from '../railgate/reader.js';

const folder = new URL('../../bundle/testdata/vectors/', import.meta.url);
const vectors = readdirSync(folder).filter((name) => name.endsWith('.json'))
  .map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')));

const clockOf = (clock) => clock ? { wall: clock.wall_ms, steady: clock.steady_ms, boot: clock.boot } : null;

/** Returns `ok` or the code with which a bundle is refused. */
const given = (device, { raw, clock }) => device.accept(unhex(raw), clockOf(clock)).then(() => 'ok', (err) => {
  if (err instanceof DocumentRefused) return err.code;
  throw err;
});

test('bundles are accepted or refused, and scans judged, as in the vectors', async () => {
  const codes = new Map();
  const reasons = new Map();
  const count = (map, key) => map.set(key, (map.get(key) ?? 0) + 1);
  for (const vector of vectors) {
    const device = new Device(await Proofs.of(unhex(vector.authority)), vector.device ?? '');
    for (const [i, bundle] of (vector.bundles ?? []).entries()) {
      const got = await given(device, bundle);
      assert.equal(got, bundle.expect, `${vector.name}, bundle ${i}`);
      count(codes, got);
    }
    for (const [i, s] of (vector.scans ?? []).entries()) {
      const got = await device.scan({ text: s.code, scope: s.scope, train: s.train, clock: clockOf(s.clock) });
      assert.deepEqual([got.reason, got.state, got.flagged], [s.reason, s.state, s.flagged ?? false], `${vector.name}, scan ${i}`);
      if (s.ticket) assert.equal(got.ticket?.held, s.ticket, `${vector.name}, scan ${i}`);
      count(reasons, got.reason);
    }
  }
  assert.ok(codes.get('ok') >= 18 && codes.size > 12, `${[...codes]}`);
  assert.ok(reasons.get('ok') > 5 && reasons.size > 6, `${[...reasons]}`);
});

test('a refused bundle changes nothing', async () => {
  const vector = vectors.find(({ name }) => name === 'state-fresh');
  const device = new Device(await Proofs.of(unhex(vector.authority)), vector.device);
  for (const bundle of vector.bundles) await given(device, bundle);
  const before = structuredClone({ ...device, newest: device.newest?.watermark, proofs: device.proofs.all.length, table: device.table?.latest });
  const raw = unhex(vector.bundles[0].raw);
  for (const at of [0, 3, 10, 40, 50, raw.length - 1]) {
    const altered = raw.slice();
    altered[at] ^= 1;
    assert.notEqual(await given(device, { raw: Buffer.from(altered).toString('hex'), clock: vector.bundles[0].clock }), 'ok');
  }
  const after = structuredClone({ ...device, newest: device.newest?.watermark, proofs: device.proofs.all.length, table: device.table?.latest });
  assert.deepEqual(after, before);
});

test('an upload keeps its key', async () => {
  assert.equal(await uploadKey('d', 'RG1:', 1), await uploadKey('d', 'RG1:', 1));
  assert.notEqual(await uploadKey('d', 'RG1:', 1), await uploadKey('d', 'RG1:', 2));
  assert.match(await uploadKey('d', 'RG1:', 1), /^[0-9a-f]{32}$/);
});
