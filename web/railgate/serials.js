/**
 * Sets of serials: docs/offline.md, section 3.2.
 * @module
 */

const PAGE = 65536;
const PAGE_BYTES = PAGE / 8;

/** A set of serials: a bitmap of 8 kB for each 65,536 indexes of a day that have at least one. */
export class Serials {
  constructor() {
    /** @type {Map<number, Uint8Array>} by day and page */
    this.pages = new Map();
  }

  /**
   * @param {number} day
   * @param {number} index
   */
  has(day, index) {
    const page = this.pages.get(day * PAGE + Math.floor(index / PAGE));
    const i = index % PAGE;
    return page !== undefined && (page[i >> 3] >> (i & 7) & 1) === 1;
  }

  /** @param {Serials} other */
  add(other) {
    for (const [at, bits] of other.pages) {
      const own = this.pages.get(at);
      if (own) own.forEach((byte, i) => { own[i] = byte | bits[i]; });
      else this.pages.set(at, bits.slice());
    }
  }

  /** @param {Serials} other */
  remove(other) {
    for (const [at, bits] of other.pages) {
      const own = this.pages.get(at);
      if (own) own.forEach((byte, i) => { own[i] = byte & ~bits[i]; });
    }
  }

  /**
   * Drops days.
   * @param {(day: number) => boolean} over
   */
  forget(over) {
    for (const at of this.pages.keys()) if (over(Math.floor(at / PAGE))) this.pages.delete(at);
  }

  /** @param {Serials} other */
  meets(other) {
    for (const [at, bits] of other.pages) {
      if (this.pages.get(at)?.some((byte, i) => (byte & bits[i]) !== 0)) return true;
    }
    return false;
  }
}

/**
 * Reads a set, which has at least one serial and one encoding.
 * @param {import('./reader.js').Reader} r
 */
export function readSerials(r) {
  const set = new Serials();
  let day = -1;
  for (let days = r.count(4); days > 0; days--) {
    day += 1 + r.number(65535);
    let page = -1;
    for (let pages = 1 + r.count(3); pages > 0; pages--) {
      page += 1 + r.number(65535);
      r.require(day < 65536 && page < 65536);
      set.pages.set(day * PAGE + page, readPage(r));
    }
  }
  r.require(set.pages.size > 0);
  return set;
}

/**
 * Reads a page in the form that a writer chooses for it: the shortest, of equally short ones the first.
 * @param {import('./reader.js').Reader} r
 */
function readPage(r) {
  const form = r.byte();
  let bits = new Uint8Array(PAGE_BYTES);
  let next = 0;
  if (form === 1) {
    bits = r.take(PAGE_BYTES).slice();
  } else {
    r.require(form === 0 || form === 2);
    for (let n = 1 + r.count(form === 0 ? 1 : 2); n > 0; n--) {
      next += r.number(PAGE - 1);
      const end = next + 1 + (form === 2 ? r.number(PAGE - 1) : 0);
      r.require(end <= PAGE);
      for (; next < end; next++) bits[next >> 3] |= 1 << (next & 7);
    }
  }
  r.require(form === shortestForm(bits));
  return bits;
}

/**
 * Makes a table of a property of each byte.
 * @param {(bits: number[], byte: number) => number} of bits, the lowest first
 */
function table(of) {
  return Uint8Array.from({ length: 256 }, (_, byte) => of(Array.from({ length: 8 }, (_, i) => byte >> i & 1), byte));
}

const COUNT = table((bits) => bits.filter(Boolean).length);
/** The lowest and the highest set bit. */
const LOW = table((bits) => bits.indexOf(1));
const HIGH = table((bits) => bits.lastIndexOf(1));
/** The ones at the lower and at the upper end. */
const LOWER = table((bits, byte) => (byte === 255 ? 8 : bits.indexOf(0)));
const UPPER = table((bits, byte) => (byte === 255 ? 8 : 7 - bits.lastIndexOf(0)));
const RUNS = table((bits) => bits.filter((bit, i) => bit && !bits[i - 1]).length);

/**
 * Returns the form with the shortest content; -1 for a page without serials. It looks at whole bytes: gaps and runs inside a
 * byte take one byte of content each, so that only those across bytes are measured.
 * @param {Uint8Array} bits
 */
export function shortestForm(bits) {
  let count = 0;
  let runs = 0;
  let longGaps = 0; // further bytes of gaps
  let longRuns = 0; // further bytes of lengths
  let last = -1;
  let start = -1; // of a run up to the last bit before this byte; -1: there is none
  for (let at = 0; at < PAGE_BYTES; at++) {
    const byte = bits[at];
    if (start >= 0 && !(byte & 1)) {
      longRuns += sizeOf(at * 8 - 1 - start) - 1;
      start = -1;
    }
    if (byte === 0) continue;
    count += COUNT[byte];
    runs += RUNS[byte] - (start >= 0 ? 1 : 0);
    longGaps += sizeOf(at * 8 + LOW[byte] - last - 1) - 1;
    last = at * 8 + HIGH[byte];
    if (start >= 0 && byte !== 255) {
      longRuns += sizeOf(at * 8 + LOWER[byte] - 1 - start) - 1;
      start = -1;
    }
    if (start < 0 && byte > 127) start = at * 8 + 8 - UPPER[byte];
  }
  if (count === 0) return -1;
  if (start >= 0) longRuns += sizeOf(PAGE - 1 - start) - 1;
  const sizes = [sizeOf(count - 1) + count + longGaps, PAGE_BYTES, sizeOf(runs - 1) + 2 * runs + longGaps + longRuns];
  return sizes.indexOf(Math.min(...sizes));
}

/**
 * Returns the bytes of a number's LEB128.
 * @param {number} value below 2^21
 */
function sizeOf(value) {
  return value < 128 ? 1 : value < 16384 ? 2 : 3;
}
