/**
 * Base45 of RFC 9285, as codes use it: docs/token-format.md, section 3.
 * @module
 */

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:';

/**
 * Returns the base45 text of bytes.
 * @param {Uint8Array} bytes
 * @returns {string}
 */
export function encode(bytes) {
  let text = '';
  for (let i = 0; i < bytes.length; i += 2) {
    const pair = i + 1 < bytes.length;
    let value = pair ? bytes[i] * 256 + bytes[i + 1] : bytes[i];
    for (let n = pair ? 3 : 2; n > 0; n--) {
      text += ALPHABET[value % 45];
      value = Math.floor(value / 45);
    }
  }
  return text;
}

/**
 * Returns the bytes of a base45 text, or null if it is not the text of any bytes. It folds no case and skips nothing.
 * @param {string} text
 * @returns {Uint8Array | null}
 */
export function decode(text) {
  if (text.length % 3 === 1) return null;
  const bytes = new Uint8Array(Math.floor(text.length / 3) * 2 + (text.length % 3 === 2 ? 1 : 0));
  for (let i = 0, at = 0; i < text.length; i += 3) {
    const group = Math.min(3, text.length - i);
    let value = 0;
    for (let n = group - 1; n >= 0; n--) {
      const digit = ALPHABET.indexOf(text[i + n]);
      if (digit < 0) return null;
      value = value * 45 + digit;
    }
    if (group === 3) {
      if (value > 0xffff) return null;
      bytes[at++] = value >> 8;
    } else if (value > 0xff) {
      return null;
    }
    bytes[at++] = value & 0xff;
  }
  return bytes;
}
