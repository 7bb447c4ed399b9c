/**
 * Verifying the audit log's chain: what a page can verify without the chain's secret key.
 *
 * The issuer verifies each part with the key. The page verifies that the parts are complete, in order and unchanged on
 * their way, and that the chain still contains the anchors that were stored elsewhere. docs/openapi/issuer.yaml,
 * verifyAuditLog, has the form of a digest.
 * @module
 */

import { hex, unhex } from '../../railgate/code.js';

const DOMAIN = 'railgate/audit/digest/v1';

/** Entries that a part has at most. */
export const PART = 500;

/** @typedef {{position: number, hash: string}} Anchor */

/**
 * An entry of the audit log.
 * @typedef {object} Entry
 * @property {number} id
 * @property {number} at_ms
 * @property {string} who
 * @property {string} role
 * @property {string} action
 * @property {{kind: string, id: string}} object
 * @property {string} [detail]
 * @property {string} [request]
 * @property {number} position
 * @property {string} hash
 */

/** @typedef {Entry & {digest: string}} ChainedEntry */

/**
 * A part of the chain: the answer of `GET /v1/audit-log/chain`.
 * @typedef {object} Part
 * @property {Anchor} base
 * @property {Anchor} head
 * @property {Anchor} after
 * @property {ChainedEntry[]} entries
 * @property {{position: number, from: number, id?: number, because: string}} [broken]
 * @property {number} unchained
 * @property {number} [oldest_unchained_ms]
 */

/**
 * Returns the digest of an entry.
 * @param {string} before hash of the entry before
 * @param {Entry} e
 * @returns {Promise<string>}
 */
export async function digestOf(before, e) {
  const texts = [e.who, e.role, e.action, e.object.kind, e.object.id, e.detail ?? '', e.request ?? ''].map((t) => new TextEncoder().encode(t));
  const domain = new TextEncoder().encode(DOMAIN);
  const b = new Uint8Array(4 + domain.length + 32 + 3 * 8 + texts.reduce((n, t) => n + 4 + t.length, 0) + 32);
  const view = new DataView(b.buffer);
  let at = 0;
  const put = (/** @type {Uint8Array} */ bytes) => {
    b.set(bytes, at);
    at += bytes.length;
  };
  const text = (/** @type {Uint8Array} */ bytes) => {
    view.setUint32(at, bytes.length);
    at += 4;
    put(bytes);
  };
  text(domain);
  put(unhex(before));
  for (const n of [e.position, e.id, e.at_ms]) {
    view.setBigInt64(at, BigInt(n));
    at += 8;
  }
  texts.forEach(text);
  put(unhex(e.hash));
  return hex(new Uint8Array(await crypto.subtle.digest('SHA-256', b)));
}

/**
 * Reads anchors from a text, also from log lines: POSITION:HASH, or "position":N,"hash":"HEX".
 * @param {string} text
 * @returns {Anchor[]} in the order of the chain
 */
export function anchorsOf(text) {
  const found = [...text.matchAll(/\b(\d{1,15}):([0-9a-f]{64})\b/g), ...text.matchAll(/"position":(\d{1,15}),"hash":"([0-9a-f]{64})"/g)];
  return found.map(([, position, hash]) => ({ position: Number(position), hash })).sort((a, b) => a.position - b.position);
}

/**
 * Why the chain is not valid. issuer: the issuer found it, with the key. The page found the others: digest, an entry
 * differs from its digest; gap, an entry is missing or out of order; joint, a part does not continue the one before;
 * anchor, the chain differs from an anchor; short, the chain ends before an anchor; head, the chain does not end at its head.
 * @typedef {'issuer' | 'digest' | 'gap' | 'joint' | 'anchor' | 'short' | 'head'} Why
 */

/** @typedef {{position: number, from: number, why: Why, because?: string, entry?: ChainedEntry, anchor?: Anchor}} Fault */

/** A verification in progress. */
export class Verification {
  /** @param {Anchor[]} anchors in the order of the chain */
  constructor(anchors = []) {
    this.anchors = anchors;
    /** @type {Anchor | null} the last valid entry */
    this.at = null;
    /** @type {Anchor | null} */
    this.base = null;
    this.checked = 0;
    this.confirmed = 0; // anchors
    this.unchecked = 0; // anchors before the base
    this.unchained = 0;
    this.goal = 0;
    this.finished = false;
    /** @type {Fault | null} */
    this.fault = null;
  }

  /** Position after which the next part is. */
  get after() {
    return this.at?.position ?? 0;
  }

  /**
   * Verifies the next part.
   * @param {Part} part
   * @param {number} [limit] entries that were asked for
   */
  async add(part, limit = PART) {
    this.unchained = part.unchained;
    this.goal = part.head.position;
    if (!this.at || part.base.position > this.at.position) { // the first part, or entries were archived meanwhile
      this.at = this.base = part.base;
      this.passAnchors();
      if (part.after.position !== part.base.position) return this.stop({ position: part.base.position + 1, from: part.base.position + 1, why: 'joint' });
    }
    const at = this.at;
    if (part.after.position !== at.position || part.after.hash !== at.hash) {
      return this.stop({ position: at.position + 1, from: Math.min(part.after.position, at.position) + 1, why: 'joint' });
    }
    const digests = await Promise.all(part.entries.map((e, i) => digestOf(i ? part.entries[i - 1].hash : at.hash, e)));
    for (const [i, entry] of part.entries.entries()) {
      /** @type {number} */
      const position = this.after + 1;
      if (entry.position !== position) return this.stop({ position, from: position, why: 'gap', entry });
      if (entry.digest !== digests[i]) return this.stop({ position, from: position, why: 'digest', entry });
      this.at = { position, hash: entry.hash };
      this.checked++;
      if (!this.passAnchors(entry)) return;
    }
    if (part.broken) return this.stop({ position: part.broken.position, from: part.broken.from, why: 'issuer', because: part.broken.because });
    if (part.entries.length >= limit) return;
    if (this.at.position < part.head.position || this.at.position === part.head.position && this.at.hash !== part.head.hash) {
      return this.stop({ position: this.at.position + 1, from: this.at.position + 1, why: 'head' });
    }
    const [missing] = this.anchors;
    if (missing) return this.stop({ position: this.at.position + 1, from: this.at.position + 1, why: 'short', anchor: missing });
    this.finished = true;
  }

  /**
   * Compares the anchors up to the present position.
   * @param {ChainedEntry} [entry]
   */
  passAnchors(entry) {
    const at = /** @type {Anchor} */ (this.at);
    while (this.anchors.length && this.anchors[0].position <= at.position) {
      const [anchor] = this.anchors;
      this.anchors = this.anchors.slice(1);
      if (anchor.position < at.position) this.unchecked++;
      else if (anchor.hash === at.hash) this.confirmed++;
      else {
        this.stop({ position: at.position, from: Math.min((this.base?.position ?? 0) + 1, at.position), why: 'anchor', entry, anchor });
        return false;
      }
    }
    return true;
  }

  /** @param {Fault} fault */
  stop(fault) {
    this.fault ??= fault;
    this.finished = true;
  }
}
