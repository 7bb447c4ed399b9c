/**
 * Values that are encrypted where they are stored, with a key that scripts cannot read.
 * @module
 */

const CIPHER = { name: 'AES-GCM', length: 256 };

/** @typedef {{iv: Uint8Array, data: ArrayBuffer}} Ciphertext */

export class Seal {
  /** @param {CryptoKey} key */
  constructor(key) {
    this.key = key;
  }

  /**
   * Returns the seal of a storage, whose key is made at the first call.
   * @param {import('./storage.js').Storage} storage
   */
  static async of(storage) {
    const stored = await storage.get('state', 'key');
    if (stored) return new Seal(stored);
    const key = await crypto.subtle.generateKey(CIPHER, false, ['encrypt', 'decrypt']);
    await storage.write([{ area: 'state', key: 'key', value: key }]).catch(() => {}); // a full disk: as long as the page
    return new Seal(key);
  }

  /**
   * @param {unknown} value that JSON can represent
   * @returns {Promise<Ciphertext>}
   */
  async close(value) {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    return { iv, data: await crypto.subtle.encrypt({ name: CIPHER.name, iv }, this.key, new TextEncoder().encode(JSON.stringify(value))) };
  }

  /**
   * Returns the value, or undefined if it is none of this seal.
   * @param {Ciphertext | undefined} text
   * @returns {Promise<any>}
   */
  async open(text) {
    if (!text) return undefined;
    try {
      const plain = await crypto.subtle.decrypt({ name: CIPHER.name, iv: new Uint8Array(text.iv) }, this.key, text.data);
      return JSON.parse(new TextDecoder().decode(plain));
    } catch {
      return undefined;
    }
  }
}
