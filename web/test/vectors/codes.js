/**
 * The test vectors of tokens/testdata/vectors with web/railgate, with WebCrypto and with the fallback.
 * @module
 */
import { chainOf } from '../../railgate/chain.js';
import { check } from '../../railgate/check.js';
import { assemble, hex, parseText, parseWire, PASS_SIZE, Refused, SCOPES, unhex } from '../../railgate/code.js';
import { publicKey } from '../../railgate/ed25519.js';
import { holds, same } from './same.js';

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

/** Fails unless every vector gets its answer. Returns the number of codes that were admitted. */
export async function answers(vectors) {
  holds(vectors.length > 300, `${vectors.length} vectors`);
  let admitted = 0;
  for (const vector of vectors) {
    const known = await knowledge(vector);
    const entries = [];
    if ('text' in vector) entries.push(() => parseText(vector.text));
    if ('wire' in vector) entries.push(() => parseWire(unhex(vector.wire)));
    for (const parse of entries) {
      for (const native of [true, false]) {
        const [reason, code] = await answer(parse, vector, known, native);
        same(reason, vector.expect.reason, `${vector.name}, native ${native}`);
        if (reason !== 'ok') continue;
        admitted++;
        const scopes = SCOPES.filter((_, bit) => code.scopes >> bit & 1);
        const fields = { ...code, scopes, anchor: hex(code.anchor), link: hex(code.link) };
        for (const [name, value] of Object.entries(vector.fields)) same(fields[name], value, `${vector.name}: ${name}`);
        if ('text' in vector) same(assemble(code.wire.subarray(0, PASS_SIZE), code.step, code.link), vector.text, vector.name);
      }
    }
  }
  holds(admitted > 100, `${admitted} were admitted`);
  return admitted;
}

/** Fails unless chains are those of the vectors. */
export async function chains(vectors) {
  const withChain = vectors.filter((vector) => vector.chain);
  holds(withChain.length >= 5, `${withChain.length} chains`);
  for (const vector of withChain) {
    const code = parseText(vector.text);
    const { links, anchor } = await chainOf(unhex(vector.chain.seed), code.length, code.wire.subarray(3, 9));
    same(links.map(hex), vector.chain.links, vector.name);
    same(hex(anchor), hex(code.anchor), vector.name);
  }
}

/** Reports whether WebCrypto has Ed25519 here, so that both ways are tested. */
export async function isNative(vectors) {
  const key = await publicKey(unhex(vectors.find((vector) => vector.name === 'ok').keys[0].public));
  return Boolean(key?.native);
}
