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
 * Returns the form with the shortest content; -1 for a page without serials.
 * @param {Uint8Array} bits
 */
function shortestForm(bits) {
  let count = 0;
  let runs = 0;
  let single = 0; // bytes of the gaps before serials
  let grouped = 0; // bytes of the gaps before runs, and of their lengths
  let last = -1;
  let first = -1; // of the run of last
  for (let at = 0; at < PAGE_BYTES; at++) {
    if (bits[at] === 0) continue;
    for (let bit = 0; bit < 8; bit++) {
      if (!(bits[at] >> bit & 1)) continue;
      const i = at * 8 + bit;
      count++;
      single += sizeOf(i - last - 1);
      if (i !== last + 1 || first < 0) {
        if (first >= 0) grouped += sizeOf(last - first);
        grouped += sizeOf(i - last - 1);
        first = i;
        runs++;
      }
      last = i;
    }
  }
  if (count === 0) return -1;
  const sizes = [sizeOf(count - 1) + single, PAGE_BYTES, sizeOf(runs - 1) + grouped + sizeOf(last - first)];
  return sizes.indexOf(Math.min(...sizes));
}

/**
 * Returns the bytes of a number's LEB128.
 * @param {number} value below 2^21
 */
function sizeOf(value) {
  return value < 128 ? 1 : value < 16384 ? 2 : 3;
}
