/**
 * Reading a bundle: docs/offline.md, section 3.
 * @module
 */

import { verify } from './ed25519.js';
import { inOrder } from './proofs.js';
import { compare, DocumentRefused, Reader } from './reader.js';
import { SECTIONS } from './sections.js';

/** The longest bundle, bytes. */
export const MAX_BUNDLE = 16 << 20;
/** How far a watermark may be ahead of the time at which a bundle was made, ms. */
const WATERMARK_AHEAD = 5000;
const SIGNATURE_SIZE = 64;
const PROOFS = 1;

/**
 * A verified bundle.
 * @typedef {object} Bundle
 * @property {number} gateway
 * @property {bigint} epoch
 * @property {number} made server time, Unix ms
 * @property {number} watermark Unix ms
 * @property {number} since Unix ms; 0: the bundle is full
 * @property {import('./proofs.js').Proofs} proofs those that were known, and those of the bundle
 * @property {import('./sections.js').Content} content
 */

/**
 * Opens a bundle. Nothing of it is returned before all of it is verified.
 * @param {Uint8Array} raw
 * @param {import('./proofs.js').Proofs} known is not changed
 * @returns {Promise<Bundle>}
 * @throws {DocumentRefused} a code of section 5
 */
export async function openBundle(raw, known) {
  const { head, sections, signed, signature } = readHead(raw);
  if (compare(head.authority, known.id) !== 0) throw new DocumentRefused('authority');
  if (sections[0]?.kind !== PROOFS) throw new DocumentRefused('form');
  const proofs = known.copy();
  const added = await proofs.add(readBatches(sections[0].body));
  await checkGateway(proofs, head, signed, signature);
  for (const { body, hash } of sections) {
    const got = new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array(body)));
    if (compare(got, hash) !== 0) throw new DocumentRefused('section');
  }
  const batches = added.filter((proof) => proof !== null);
  const has = (/** @type {number} */ kind) => sections.some((section) => section.kind === kind);
  if (!(head.watermark > 0 && head.watermark <= head.made + WATERMARK_AHEAD && head.since <= head.watermark && has(2) &&
      batches.length === added.length && inOrder(batches) && (head.since > 0 || !has(4)))) {
    throw new DocumentRefused('contradict');
  }
  const content = readContent(sections.slice(1));
  return { ...head, proofs, content };
}

/**
 * Reads the head and finds the sections, all of which are there.
 * @param {Uint8Array} raw
 */
function readHead(raw) {
  if (raw.length > MAX_BUNDLE) throw new DocumentRefused('too_large');
  if (raw.length < 4 || String.fromCharCode(...raw.subarray(0, 3)) !== 'RGO') throw new DocumentRefused('form');
  if (raw[3] !== 0x31) throw new DocumentRefused('version');
  const r = new Reader(raw, 'form');
  r.take(4);
  const head = {
    gateway: r.uint16(), authority: r.take(4), epoch: r.uint64(), made: r.uint63(), watermark: r.uint63(), since: r.uint63(),
  };
  const table = Array.from({ length: r.byte() }, () => ({ kind: r.byte(), size: r.uint32(), hash: r.take(32) }));
  const signed = raw.subarray(0, r.at);
  const signature = r.take(SIGNATURE_SIZE);
  const sections = table.map(({ kind, size, hash }) => ({ kind, hash, body: r.take(size) }));
  r.end();
  r.require(sections.every(({ kind, body }, i) => body.length > 0 && (i === 0 || sections[i - 1].kind < kind)));
  return { head, sections, signed, signature };
}

/** @param {Uint8Array} body of the proofs */
function readBatches(body) {
  const r = new Reader(body, 'form');
  const batches = [];
  for (let n = r.count(2); n > 0; n--) batches.push(r.take(r.number(65536)));
  r.end();
  return batches;
}

/**
 * Checks that the authority announced the gateway, and that the gateway signed the head while its key was valid.
 * @param {import('./proofs.js').Proofs} proofs
 * @param {{gateway: number, made: number}} head
 * @param {Uint8Array} signed
 * @param {Uint8Array} signature
 */
async function checkGateway(proofs, head, signed, signature) {
  const gateway = proofs.gateways.get(head.gateway);
  if (!gateway) throw new DocumentRefused('gateway_unknown');
  if (!await verify(gateway.public, signed, signature)) throw new DocumentRefused('signature');
  if (Math.floor(head.made / 1000) >= (gateway.cutoff ?? Infinity)) throw new DocumentRefused('gateway_withdrawn');
}

/**
 * @param {{kind: number, body: Uint8Array}[]} sections without the proofs
 * @returns {import('./sections.js').Content}
 */
function readContent(sections) {
  /** @type {any} */
  const content = {};
  for (const { kind, body } of sections) {
    const section = SECTIONS.get(kind);
    if (!section) throw new DocumentRefused('version');
    const r = new Reader(body, 'contradict');
    content[section.name] = section.read(r);
    r.end();
  }
  if (content.revoked && content.unrevoked?.meets(content.revoked)) throw new DocumentRefused('contradict');
  return content;
}
