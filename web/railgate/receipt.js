/**
 * Reading a receipt, a verdict that a gateway signed: docs/offline.md, section 2.
 * @module
 */

import { SCOPES } from './code.js';
import { verify } from './ed25519.js';
import { compare, DocumentRefused, Reader } from './reader.js';

/** Bytes before the two texts, and the longest of each text. */
const FIXED_SIZE = 64;
const MAX_TEXT = 64;
const SIGNATURE_SIZE = 64;
/** The longest receipt, bytes. */
export const MAX_RECEIPT = FIXED_SIZE + 2 * (1 + MAX_TEXT) + SIGNATURE_SIZE;

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Decisions by their number. */
export const DECISIONS = Object.freeze(['deny', 'allow', 'allow_flagged']);

/**
 * A verified receipt. Times in Unix ms.
 * @typedef {object} Receipt
 * @property {number} gateway
 * @property {Uint8Array} code SHA-256 of the text that the device read: see isAbout
 * @property {string} scope
 * @property {string} decision of DECISIONS
 * @property {string} reason
 * @property {number} scanned by the device's clock
 * @property {number} judged by the gateway's clock
 * @property {number} watermark of the revocation data; 0: there was none
 * @property {string} device
 */

/**
 * Opens a receipt.
 * @param {Uint8Array} raw
 * @param {import('./proofs.js').Proofs} known batches that announce and withdraw gateways
 * @returns {Promise<Receipt>}
 * @throws {DocumentRefused} receipt_form, receipt_version, gateway_unknown, receipt_signature or gateway_withdrawn
 */
export async function openReceipt(raw, known) {
  if (raw.length < 4 || String.fromCharCode(...raw.subarray(0, 3)) !== 'RGR') throw new DocumentRefused('receipt_form');
  if (raw[3] !== 0x31) throw new DocumentRefused('receipt_version');
  const end = raw.length - SIGNATURE_SIZE;
  if (end < FIXED_SIZE || raw.length > MAX_RECEIPT) throw new DocumentRefused('receipt_form');
  const receipt = readFields(raw.subarray(0, end));
  const gateway = known.gateways.get(receipt.gateway);
  if (!gateway) throw new DocumentRefused('gateway_unknown');
  if (!await verify(gateway.public, raw.subarray(0, end), raw.subarray(end))) throw new DocumentRefused('receipt_signature');
  if (Math.floor(receipt.judged / 1000) >= (gateway.cutoff ?? Infinity)) throw new DocumentRefused('gateway_withdrawn');
  return receipt;
}

/**
 * @param {Uint8Array} signed
 * @returns {Receipt}
 */
function readFields(signed) {
  const r = new Reader(signed, 'receipt_form');
  r.take(4);
  const gateway = r.uint16();
  const code = r.take(32);
  const scope = r.byte(); // one bit
  const decision = r.byte();
  const [scanned, judged, watermark] = [r.uint63(), r.uint63(), r.uint63()];
  const reason = decoder.decode(r.text());
  const device = r.text();
  r.end();
  const bit = Math.log2(scope);
  r.require(Number.isInteger(bit) && bit < SCOPES.length && decision < DECISIONS.length);
  r.require(/^[a-z0-9_]{1,64}$/.test(reason) && device.length >= 1 && device.length <= MAX_TEXT && (decision !== 0) === (reason === 'ok'));
  return {
    gateway, code, scope: SCOPES[bit], decision: DECISIONS[decision], reason, scanned, judged, watermark, device: decoder.decode(device),
  };
}

/**
 * Returns the bytes of a receipt in JSON or in a file: Base64 with padding, in its one spelling.
 * @param {string} text
 * @throws {DocumentRefused} receipt_form
 */
export function receiptBytes(text) {
  if (text.length <= Math.ceil(MAX_RECEIPT / 3) * 4) {
    try {
      const binary = atob(text);
      if (btoa(binary) === text) return Uint8Array.from(binary, (c) => c.charCodeAt(0));
    } catch {
      // not Base64
    }
  }
  throw new DocumentRefused('receipt_form');
}

/**
 * Reports whether a receipt is about a code.
 * @param {Receipt} receipt
 * @param {string} text as the device read it
 */
export async function isAbout(receipt, text) {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return compare(new Uint8Array(hash), receipt.code) === 0;
}
