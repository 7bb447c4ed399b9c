// Runs the test vectors of tokens/testdata/vectors with web/railgate, with WebCrypto and with the fallback.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';

import { chainOf } from '../railgate/chain.js';
import { check } from '../railgate/check.js';
import { assemble, hex, parseText, parseWire, PASS_SIZE, Refused, SCOPES, unhex } from '../railgate/code.js';
import { publicKey } from '../railgate/ed25519.js';

const folder = new URL('../../tokens/testdata/vectors/', import.meta.url);
const vectors = readdirSync(folder).filter((name) => name.endsWith('.json'))
  .map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')));

/** Returns what a gate knows in a vector. */
async function knowledge(vector) {
  const keys = new Map();
  for (const k of vector.keys) {
    const checked = await publicKey(unhex(k.public));
    const exempt = new Set(k.exempt ?? []);
    if (checked) keys.set(k.id, { public: checked, cutoff: k.cut_off, exempt: (code) => exempt.has(code.serial) });
  }
  const revoked = new Set(vector.revoked ?? []);
  const cutoffs = new Map((vector.subject_cut_offs ?? []).map((s) => [s.subject, s.earliest_start]));
  const closed = new Set((vector.closed_sessions ?? []).map((s) => `${s.serial} ${s.start}`));
  return {
    key: (id) => keys.get(id),
    revoked: (code) => revoked.has(code.serial),
    cutoff: (subject) => cutoffs.get(subject) ?? 0,
    closed: (code) => closed.has(`${code.serial} ${code.start}`),
  };
}

/** Returns reason and code of one entry point. */
async function answer(parse, vector, known, native) {
  try {
    const code = parse();
    return [await check(code, vector.now, vector.scope, known, { native }), code];
  } catch (err) {
    if (err instanceof Refused) return [err.reason];
    throw err;
  }
}

test('every vector gets its answer', async () => {
  assert.ok(vectors.length > 300, `${vectors.length} vectors`);
  let admitted = 0;
  for (const vector of vectors) {
    const known = await knowledge(vector);
    const entries = [];
    if ('text' in vector) entries.push(() => parseText(vector.text));
    if ('wire' in vector) entries.push(() => parseWire(unhex(vector.wire)));
    for (const parse of entries) {
      for (const native of [true, false]) {
        const [reason, code] = await answer(parse, vector, known, native);
        assert.equal(reason, vector.expect.reason, `${vector.name}, native ${native}`);
        if (reason !== 'ok') continue;
        admitted++;
        const scopes = SCOPES.filter((_, bit) => code.scopes >> bit & 1);
        const fields = { ...code, scopes, anchor: hex(code.anchor), link: hex(code.link) };
        for (const [name, value] of Object.entries(vector.fields)) {
          assert.deepEqual(fields[name], value, `${vector.name}: ${name}`);
        }
        if ('text' in vector) assert.equal(assemble(code.wire.subarray(0, PASS_SIZE), code.step, code.link), vector.text);
      }
    }
  }
  assert.ok(admitted > 100, `${admitted} were admitted`);
});

test('chains are those of the vectors', async () => {
  const chains = vectors.filter((vector) => vector.chain);
  assert.ok(chains.length >= 5);
  for (const vector of chains) {
    const code = parseText(vector.text);
    const { links, anchor } = await chainOf(unhex(vector.chain.seed), code.length, code.wire.subarray(3, 9));
    assert.deepEqual(links.map(hex), vector.chain.links, vector.name);
    assert.deepEqual(anchor, code.anchor, vector.name);
  }
});

test('this Node has a native Ed25519, so that both ways are tested', async () => {
  const key = await publicKey(unhex(vectors.find((vector) => vector.name === 'ok').keys[0].public));
  assert.ok(key?.native);
});
