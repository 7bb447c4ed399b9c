/**
 * The receipts of bundle/testdata/vectors, and altered documents.
 * @module
 */
import { hex, unhex } from '../../railgate/code.js';
import { Device } from '../../railgate/device.js';
import { Proofs } from '../../railgate/proofs.js';
import { DocumentRefused, Reader } from '../../railgate/reader.js';
import { isAbout, openReceipt, receiptBytes } from '../../railgate/receipt.js';
import { SECTIONS } from '../../railgate/sections.js';
import { holds, same } from './same.js';

/** Returns the proofs of a vector's keys. */
async function proofsOf(vector) {
  const proofs = await Proofs.of(unhex(vector.authority));
  await proofs.add((vector.keys ?? []).map(unhex));
  return proofs;
}

/** Returns the result of some work, or the code with which it refuses a document. */
const outcome = (work) => work.then((value) => value, (err) => {
  if (err instanceof DocumentRefused) return err.code;
  throw err;
});

/** Fails unless every receipt has its result and its fields. Returns the number of receipts. */
export async function receipts(vectors) {
  const own = vectors.filter((vector) => vector.receipt);
  const results = new Set();
  for (const { name, receipt: wanted, ...vector } of own) {
    const got = await outcome(openReceipt(unhex(wanted.raw), await proofsOf(vector)));
    const result = typeof got === 'string' ? got : 'ok';
    same(result, wanted.expect, name);
    results.add(result);
    if (result !== 'ok') continue;
    const { code, scanned, judged, watermark, ...fields } = got;
    const { raw, expect, code: text, scanned_ms, judged_ms, watermark_ms, ...others } = wanted;
    same({ ...fields, scanned, judged, watermark }, { ...others, scanned: scanned_ms, judged: judged_ms, watermark: watermark_ms ?? 0 }, name);
    holds(await isAbout(got, text) && !await isAbout(got, `${text} `), `${name}: the code`);
    same(hex(code).length, 64, name);
  }
  holds(own.length > 20 && results.size === 6, `${own.length} receipts, ${[...results]}`);
  return own.length;
}

/** Fails if a receipt as text has a second spelling. */
export function spellings(vectors) {
  const raw = unhex(vectors.find(({ name }) => name === 'receipt-genuine').receipt.raw);
  const text = btoa(String.fromCharCode(...raw));
  same(hex(receiptBytes(text)), hex(raw), 'the text of a receipt');
  for (const other of [` ${text}`, `${text}\n`, text.replace(/=+$/, ''), text.replaceAll('+', '-').replaceAll('/', '_') + '=', text.repeat(4), '\u{1f600}', text.slice(1)]) {
    let bytes;
    try {
      bytes = receiptBytes(other);
    } catch (err) {
      if (!(err instanceof DocumentRefused)) throw err;
      continue;
    }
    holds(btoa(String.fromCharCode(...bytes)) === other, `two spellings: ${other}`);
  }
}

/** Fails if altered bytes have another effect than a refusal. `seed` makes a run repeatable. */
export async function altered(vectors, { seed = 1, rounds = 300 } = {}) {
  let state = seed;
  const random = (n) => Math.floor((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32 * n);
  const change = (bytes) => {
    const out = Array.from(bytes);
    for (let n = 1 + random(3); n > 0; n--) {
      const at = random(out.length + 1);
      const bits = [1 << random(8), 255, 128][random(3)];
      if (random(3) === 0) out.splice(at, random(4), ...Array.from({ length: random(4) }, () => random(256)));
      else if (at < out.length) out[at] ^= bits;
    }
    return Uint8Array.from(out);
  };
  const documents = vectors.filter(({ bundles }) => bundles?.[0]?.expect === 'ok');
  let refused = 0;
  for (let n = 0; n < rounds; n++) {
    const { authority, device: name, bundles: [{ raw, clock }] } = documents[random(documents.length)];
    const device = new Device(await Proofs.of(unhex(authority)), name);
    const bytes = change(unhex(raw));
    const got = await outcome(device.accept(bytes, null));
    if (hex(bytes) !== raw) holds(typeof got === 'string' && device.newest === null, `an altered bundle was accepted: ${hex(bytes)}`);
    if (typeof got === 'string') refused++;
    holds(clock === undefined || clock.wall_ms > 0, 'a clock');
  }
  for (let n = 0; n < rounds; n++) {
    const own = vectors.filter(({ receipt }) => receipt);
    const { receipt, ...vector } = own[random(own.length)];
    const bytes = change(unhex(receipt.raw));
    const got = await outcome(openReceipt(bytes, await proofsOf(vector)));
    if (hex(bytes) !== receipt.raw) holds(typeof got === 'string', `an altered receipt was accepted: ${hex(bytes)}`);
  }
  const bodies = documents.flatMap(({ bundles }) => bundles.filter(({ expect }) => expect === 'ok').flatMap(({ raw }) => sectionsOf(unhex(raw))));
  const effects = { read: 0, refused: 0 };
  for (let n = 0; n < 10 * rounds; n++) {
    const { kind, body } = bodies[random(bodies.length)];
    const r = new Reader(change(body), 'contradict');
    try {
      SECTIONS.get(kind).read(r); // no signature protects the reader here
      effects.read++;
    } catch (err) {
      if (!(err instanceof DocumentRefused)) throw err;
      effects.refused++;
    }
  }
  holds(refused > rounds / 2 && effects.read > 0 && effects.refused > rounds, `${refused} refused, sections ${JSON.stringify(effects)}`);
}

/** Returns the sections of a bundle without the proofs. */
function sectionsOf(raw) {
  const view = new DataView(raw.buffer);
  const table = Array.from({ length: raw[42] }, (_, i) => ({ kind: raw[43 + 37 * i], size: view.getUint32(44 + 37 * i) }));
  let at = 43 + 37 * table.length + 64;
  return table.map(({ kind, size }) => ({ kind, body: raw.subarray(at, at += size) })).filter(({ kind }) => SECTIONS.has(kind));
}
