/**
 * The test vectors of bundle/testdata/vectors: which bundles a device accepts, and its verdicts on scans.
 * @module
 */
import { hex, unhex } from '../../railgate/code.js';
import { Device } from '../../railgate/device.js';
import { Proofs } from '../../railgate/proofs.js';
import { DocumentRefused } from '../../railgate/reader.js';
import { holds, same } from './same.js';

const clockOf = (clock) => clock ? { wall: clock.wall_ms, steady: clock.steady_ms, boot: clock.boot } : null;

/** Returns `ok` or the code with which a bundle is refused. */
const given = (device, { raw, clock }) => device.accept(unhex(raw), clockOf(clock)).then(() => 'ok', (err) => {
  if (err instanceof DocumentRefused) return err.code;
  throw err;
});

/** Fails unless bundles are accepted or refused, and scans judged, as in the vectors. */
export async function verdicts(vectors) {
  const codes = new Map();
  const reasons = new Map();
  const count = (map, key) => map.set(key, (map.get(key) ?? 0) + 1);
  for (const vector of vectors) {
    const device = new Device(await Proofs.of(unhex(vector.authority)), vector.device ?? '');
    for (const [i, bundle] of (vector.bundles ?? []).entries()) {
      const got = await given(device, bundle);
      same(got, bundle.expect, `${vector.name}, bundle ${i}`);
      count(codes, got);
    }
    for (const [i, s] of (vector.scans ?? []).entries()) {
      const got = await device.scan({ text: s.code, scope: s.scope, train: s.train, clock: clockOf(s.clock) });
      same([got.reason, got.state, got.flagged], [s.reason, s.state, s.flagged ?? false], `${vector.name}, scan ${i}`);
      if (s.ticket) same(got.ticket?.held, s.ticket, `${vector.name}, scan ${i}`);
      count(reasons, got.reason);
    }
  }
  holds((codes.get('ok') ?? 0) >= 18 && codes.size > 12, `${[...codes]}`);
  holds((reasons.get('ok') ?? 0) > 5 && reasons.size > 6, `${[...reasons]}`);
}

/** Fails if a refused bundle changes the state of a device. */
export async function refused(vectors) {
  const vector = vectors.find(({ name }) => name === 'state-fresh');
  const device = new Device(await Proofs.of(unhex(vector.authority)), vector.device);
  for (const bundle of vector.bundles) await given(device, bundle);
  const state = () => structuredClone({ ...device, newest: device.newest?.watermark, proofs: device.proofs.all.length, table: device.table?.latest });
  const before = describe(state());
  const raw = unhex(vector.bundles[0].raw);
  for (const at of [0, 3, 10, 40, 50, raw.length - 1]) {
    const altered = raw.slice();
    altered[at] ^= 1;
    holds(await given(device, { raw: hex(altered), clock: vector.bundles[0].clock }) !== 'ok', `byte ${at} was altered`);
  }
  same(describe(state()), before, 'the state after refused bundles');
}

/** Returns a text of all that a state contains. */
function describe(value) {
  return JSON.stringify(value, (_, v) => v instanceof Map || v instanceof Set ? [...v] : typeof v === 'bigint' ? String(v) : v instanceof Uint8Array ? hex(v) : v);
}
