/**
 * Public keys and signatures with exactly the gate's accept set: docs/token-format.md, section 7.
 * @module
 */

import { Point, verifyAsync } from '../npm/noble-ed25519/index.js';

/** Order of the base point. */
const L = 2n ** 252n + 27742317777372353535851937790883648493n;

/**
 * A public key that was checked. `native` is null where WebCrypto has no Ed25519.
 * @typedef {object} PublicKey
 * @property {Uint8Array} bytes 32 bytes
 * @property {CryptoKey | null} native
 */

/**
 * Returns a checked public key, or null if the bytes are not the canonical encoding of a point of prime order. Neither
 * WebCrypto nor a signature check tests that. It takes some milliseconds: once for each key.
 * @param {Uint8Array} bytes
 * @returns {Promise<PublicKey | null>}
 */
export async function publicKey(bytes) {
  if (bytes.length !== 32) return null;
  try {
    const point = Point.fromBytes(bytes);
    if (point.is0() || !point.isTorsionFree()) return null;
  } catch {
    return null;
  }
  return { bytes, native: await nativeKey(bytes) };
}

/**
 * @param {Uint8Array} bytes
 * @returns {Promise<CryptoKey | null>}
 */
async function nativeKey(bytes) {
  try {
    return await crypto.subtle.importKey('raw', new Uint8Array(bytes), { name: 'Ed25519' }, false, ['verify']);
  } catch {
    return null;
  }
}

/**
 * Reports whether a signature is one that the gate accepts. WebCrypto and the fallback get the same answers:
 *
 * - s is below the group order: checked here, since old versions of libraries have not;
 * - R is not the identity: checked here, since OpenSSL and BoringSSL accept it;
 * - sB - hA encodes to R byte by byte: so WebCrypto decides. The fallback multiplies by the cofactor, so R is also checked
 *   to be of prime order; then both conditions are the same.
 * @param {PublicKey} key
 * @param {Uint8Array} message
 * @param {Uint8Array} signature
 * @param {{native?: boolean}} [options] native: false uses the fallback, for tests
 * @returns {Promise<boolean>}
 */
export async function verify(key, message, signature, { native = true } = {}) {
  if (signature.length !== 64 || !scalarBelowOrder(signature.subarray(32)) || isIdentity(signature.subarray(0, 32))) {
    return false;
  }
  if (native && key.native) {
    return crypto.subtle.verify('Ed25519', key.native, new Uint8Array(signature), new Uint8Array(message));
  }
  try {
    const r = Point.fromBytes(signature.slice(0, 32));
    return r.isTorsionFree() && await verifyAsync(signature, message, key.bytes, { zip215: false });
  } catch {
    return false;
  }
}

/** @param {Uint8Array} bytes 32 bytes, the lowest first */
function scalarBelowOrder(bytes) {
  let s = 0n;
  for (let i = 31; i >= 0; i--) s = s << 8n | BigInt(bytes[i]);
  return s < L;
}

/** @param {Uint8Array} r 32 bytes */
function isIdentity(r) {
  return r[0] === 1 && r.subarray(1).every((byte) => byte === 0);
}
