/**
 * The keys that the authority announced, from its signed control batches: docs/offline.md, sections 1 and 3.2, and
 * docs/revocation.md.
 * @module
 */

import { hex } from './code.js';
import { publicKey, verify } from './ed25519.js';
import { ascends, compare, DocumentRefused } from './reader.js';

const SIGNATURE_SIZE = 64;
const HEAD_SIZE = 44;
/** Kinds of records about keys. */
const ANNOUNCE_KEY = 3;
const RETIRE_KEY = 4;
const ANNOUNCE_GATEWAY = 9;
const WITHDRAW_GATEWAY = 10;

/**
 * A record about keys.
 * @typedef {object} KeyRecord
 * @property {number} kind
 * @property {number} id of the key or gateway
 * @property {Uint8Array} fields after the id: a public key, or a cutoff
 */

/**
 * A verified batch.
 * @typedef {object} Proof
 * @property {bigint[]} place issued, epoch, partition, first number
 * @property {Uint8Array} raw
 * @property {KeyRecord[]} records
 */

/**
 * A key that the authority announced. Its cutoff is in Unix seconds, undefined while it is in service.
 * @typedef {{public: import('./ed25519.js').PublicKey, cutoff?: number}} Announced
 */

/** Verified batches about keys. */
export class Proofs {
  /**
   * @param {import('./ed25519.js').PublicKey} authority the pinned key
   * @param {Uint8Array} id first 4 bytes of the SHA-256 of the key
   */
  constructor(authority, id) {
    this.authority = authority;
    this.id = id;
    /** @type {Proof[]} in order, each once */
    this.all = [];
    /** @type {Map<number, Announced>} */
    this.issuer = new Map();
    /** @type {Map<number, Announced>} */
    this.gateways = new Map();
  }

  /**
   * Returns the proofs of an authority, none yet.
   * @param {Uint8Array} bytes its public key, 32 bytes
   * @throws {TypeError} if the key is not valid
   */
  static async of(bytes) {
    const key = await publicKey(bytes);
    if (!key) throw new TypeError('the authority key is not valid');
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array(bytes)));
    return new Proofs(key, hash.subarray(0, 4));
  }

  copy() {
    const proofs = new Proofs(this.authority, this.id);
    proofs.all = this.all.slice();
    proofs.issuer = this.issuer;
    proofs.gateways = this.gateways;
    return proofs;
  }

  /**
   * Adds batches.
   * @param {Uint8Array[]} batches
   * @returns {Promise<(Proof | null)[]>} null for one that is not about keys
   * @throws {DocumentRefused} proof; batches before the refused one stay unbound
   */
  async add(batches) {
    const proofs = [];
    for (const raw of batches) {
      const proof = await this.proofOf(raw);
      if (proof && !this.all.some((other) => compareProofs(other, proof) === 0)) this.all.push(proof);
      proofs.push(proof);
    }
    this.all.sort(compareProofs);
    await this.bind();
    return proofs;
  }

  /**
   * Verifies a batch.
   * @param {Uint8Array} raw
   * @returns {Promise<Proof | null>} null if it is not about keys
   */
  async proofOf(raw) {
    const signed = raw.length - SIGNATURE_SIZE;
    if (signed < HEAD_SIZE || compare(raw.subarray(0, 4), MAGIC) !== 0 || compare(raw.subarray(4, 8), this.id) !== 0 ||
        !await verify(this.authority, raw.subarray(0, signed), raw.subarray(signed))) {
      throw new DocumentRefused('proof');
    }
    const records = recordsOf(raw);
    const view = new DataView(raw.buffer, raw.byteOffset, raw.length);
    const place = [view.getBigUint64(28), view.getBigUint64(8), BigInt(view.getUint16(16)), view.getBigUint64(20)];
    return records.length === 0 ? null : { place, raw, records };
  }

  /** Binds ids to their first keys, which are valid ones, and moves cutoffs to the earliest time. */
  async bind() {
    const issuer = new Map();
    const gateways = new Map();
    const records = this.all.flatMap((proof) => proof.records);
    for (const { kind, id, fields } of records) {
      const keys = kind === ANNOUNCE_KEY ? issuer : kind === ANNOUNCE_GATEWAY ? gateways : null;
      const key = keys && !keys.has(id) ? await checkedKey(fields) : null;
      if (key) keys?.set(id, { public: key });
    }
    for (const { kind, id, fields } of records) {
      const key = kind === RETIRE_KEY ? issuer.get(id) : kind === WITHDRAW_GATEWAY ? gateways.get(id) : null;
      if (key) key.cutoff = Math.min(key.cutoff ?? Infinity, new DataView(fields.buffer, fields.byteOffset).getUint32(0));
    }
    this.issuer = issuer;
    this.gateways = gateways;
  }
}

/** @type {Map<string, Promise<import('./ed25519.js').PublicKey | null>>} */
const checkedKeys = new Map();

/**
 * Returns publicKey(bytes), which takes milliseconds, once for each key.
 * @param {Uint8Array} bytes
 */
function checkedKey(bytes) {
  const name = hex(bytes);
  const known = checkedKeys.get(name) ?? publicKey(bytes);
  checkedKeys.set(name, known);
  return known;
}

const MAGIC = new TextEncoder().encode('RGC1');

/**
 * Returns the records about keys of a batch whose signature was verified.
 * @param {Uint8Array} raw
 */
function recordsOf(raw) {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.length);
  /** @type {KeyRecord[]} */
  const records = [];
  for (let n = view.getUint16(18), at = HEAD_SIZE; n > 0; n--) {
    const kind = raw[at];
    const end = at + 2 + raw[at + 1];
    if (kind === ANNOUNCE_KEY || kind === RETIRE_KEY || kind === ANNOUNCE_GATEWAY || kind === WITHDRAW_GATEWAY) {
      records.push({ kind, id: view.getUint16(at + 10), fields: raw.subarray(at + 12, end) });
    }
    at = end;
  }
  return records;
}

/**
 * The order of batches in a bundle.
 * @param {Proof} a
 * @param {Proof} b
 */
export function compareProofs(a, b) {
  const at = a.place.findIndex((value, i) => value !== b.place[i]);
  if (at < 0) return compare(a.raw, b.raw);
  return a.place[at] < b.place[at] ? -1 : 1;
}

/** @param {Proof[]} proofs */
export const inOrder = (proofs) => ascends(proofs, compareProofs);
