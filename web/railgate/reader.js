/**
 * Reading binary documents: docs/offline.md, section 3.2.
 * @module
 */

/** The refusal of a document. `code` is a code of docs/offline.md, section 5. */
export class DocumentRefused extends Error {
  /** @param {string} code */
  constructor(code) {
    super(code);
    this.name = 'DocumentRefused';
    this.code = code;
  }
}

/** Reads bytes from the front. Every fault is refused with the code given at the start. */
export class Reader {
  /**
   * @param {Uint8Array} raw is not copied
   * @param {string} code
   */
  constructor(raw, code) {
    this.raw = raw;
    this.code = code;
    this.at = 0;
    this.view = new DataView(raw.buffer, raw.byteOffset, raw.length);
  }

  /** @param {boolean} ok */
  require(ok) {
    if (!ok) throw new DocumentRefused(this.code);
  }

  /**
   * Returns the next bytes, which are not copied.
   * @param {number} size
   */
  take(size) {
    this.require(this.at + size <= this.raw.length);
    this.at += size;
    return this.raw.subarray(this.at - size, this.at);
  }

  byte() {
    this.require(this.at < this.raw.length);
    return this.raw[this.at++];
  }

  uint16() {
    this.require(this.at + 2 <= this.raw.length);
    this.at += 2;
    return this.view.getUint16(this.at - 2);
  }

  uint32() {
    this.require(this.at + 4 <= this.raw.length);
    this.at += 4;
    return this.view.getUint32(this.at - 4);
  }

  uint64() {
    this.require(this.at + 8 <= this.raw.length);
    this.at += 8;
    return this.view.getBigUint64(this.at - 8);
  }

  /** Reads a time in ms, below 2^63. Above 2^53 the last digits are lost. */
  uint63() {
    const value = this.uint64();
    this.require(value < 1n << 63n);
    return Number(value);
  }

  /**
   * Reads an unsigned LEB128 in its shortest form.
   * @param {number} most greatest value, at most 2^53 - 1
   */
  number(most) {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      this.require(value <= most);
      if (byte < 128) {
        this.require(byte !== 0 || scale === 1);
        return value;
      }
      this.require(scale <= most);
    }
  }

  /**
   * Reads the number of the elements that follow.
   * @param {number} size least bytes of an element
   */
  count(size) {
    return this.number(Math.floor((this.raw.length - this.at) / size));
  }

  /** Reads a length in a byte and as many bytes. */
  text() {
    return this.take(this.byte());
  }

  end() {
    this.require(this.at === this.raw.length);
  }
}

/**
 * Compares bytes as an order: the shorter one is first if it begins the longer one.
 * @param {Uint8Array} a
 * @param {Uint8Array} b
 * @returns {number} below, above or equal to 0
 */
export function compare(a, b) {
  for (let i = 0; i < a.length && i < b.length; i++) {
    if (a[i] !== b[i]) return a[i] - b[i];
  }
  return a.length - b.length;
}

/**
 * Reports whether a list ascends without equal elements.
 * @template T
 * @param {T[]} list
 * @param {(a: T, b: T) => number} order
 */
export function ascends(list, order) {
  return list.every((item, i) => i === 0 || order(list[i - 1], item) < 0);
}
