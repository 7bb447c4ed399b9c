/**
 * The sections of a bundle: docs/offline.md, section 3.2.
 * @module
 */

import { dayOf, hex } from './code.js';
import { ascends, compare } from './reader.js';
import { readSerials } from './serials.js';

/**
 * What the gateway's policy for the device is. Actions: 0 deny, 1 flag, 2 serve. Modes: 0 off, 1 flag, 2 deny or require.
 * @typedef {object} Policy
 * @property {string} device
 * @property {string} station
 * @property {number} scopes set of bits, see SCOPES
 * @property {number} staleAfter seconds
 * @property {number} expiredAfter seconds
 * @property {{stale: number, expired: number, doubted: number}} actions
 * @property {{mode: number, window: number, local: number, unknown: number}} passback window in seconds
 * @property {{mode: number, opens: number, unknown: number}} ticket opens in seconds
 */

/**
 * A passage at the gateway's station. State: 0 passed, 1 held, 2 released.
 * @typedef {{day: number, index: number, way: number, state: number, step: number, at: number}} Passage
 */

/**
 * Sections by name; those that are empty are missing. Of `bookings` the bodies have the form of docs/tickets.md.
 * @typedef {object} Content
 * @property {Policy} policy
 * @property {import('./serials.js').Serials} [revoked]
 * @property {import('./serials.js').Serials} [unrevoked]
 * @property {Map<number, import('./serials.js').Serials>} [exempt] by key
 * @property {Map<string, number>} [cutoffs] earliest valid start, Unix seconds, by subject
 * @property {Set<string>} [closed] `day-index start`
 * @property {Map<string, number>} [forgiven] Unix ms, by `day-index`
 * @property {{scopes: number, station: string, from: number, until: number}[]} [amnesties]
 * @property {{since: number, reach: number, list: Passage[]}} [passages]
 * @property {{train: string, watermark: number, whole: boolean, lost: number[], bodies: Uint8Array[]}} [bookings]
 */

/** @typedef {import('./reader.js').Reader} Reader */

const decoder = new TextDecoder();

/** @param {Reader} r */
function readPolicy(r) {
  const device = r.text();
  const station = r.text();
  const scopes = r.byte();
  const staleAfter = r.uint32();
  const expiredAfter = r.uint32();
  const actions = { stale: r.byte(), expired: r.byte(), doubted: r.byte() };
  const passback = { mode: r.byte(), window: r.uint32(), local: r.byte(), unknown: r.byte() };
  const ticket = { mode: r.byte(), opens: r.uint32(), unknown: r.byte() };
  r.require(device.length > 0 && device.length <= 64 && station.length <= 64 && scopes > 0 && scopes < 128);
  r.require(staleAfter > 0 && staleAfter < expiredAfter && (passback.window === 0) === (passback.mode === 0));
  r.require([...Object.values(actions), passback.mode, passback.local, passback.unknown, ticket.mode, ticket.unknown]
    .every((value) => value < 3));
  return { device: decoder.decode(device), station: decoder.decode(station), scopes, staleAfter, expiredAfter, actions, passback, ticket };
}

/** @param {Reader} r */
function readExempt(r) {
  const exempt = new Map();
  let last = -1;
  for (let n = r.count(2); n > 0; n--) {
    const key = r.uint16();
    r.require(key > last);
    exempt.set(key, readSerials(r));
    last = key;
  }
  r.require(exempt.size > 0);
  return exempt;
}

/** @param {Reader} r */
function readClosed(r) {
  const closed = new Set();
  let start = -1;
  for (let starts = r.count(3); starts > 0; starts--) {
    start += 1 + r.number(2 ** 32);
    r.require(start < 2 ** 32);
    let name = -1;
    for (let n = 1 + r.count(1); n > 0; n--) {
      name += 1 + r.number(2 ** 33);
      r.require(name < 2 ** 33);
      closed.add(`${dayOf(start) - 1 + Math.floor(name / 2 ** 32)}-${name % 2 ** 32} ${start}`);
    }
  }
  r.require(closed.size > 0);
  return closed;
}

/**
 * Reads a list of which at least one element exists and whose keys ascend.
 * @template T
 * @param {Reader} r
 * @param {number} size bytes of an element
 * @param {number} keySize bytes of its key, which are the first ones
 * @param {(r: Reader) => T} read
 */
function readList(r, size, keySize, read) {
  const keys = [];
  const list = [];
  for (let n = r.count(size); n > 0; n--) {
    keys.push(r.raw.subarray(r.at, r.at + keySize));
    list.push(read(r));
  }
  r.require(list.length > 0 && ascends(keys, compare));
  return list;
}

/** @param {Reader} r */
function readAmnesty(r) {
  const amnesty = { scopes: r.byte(), station: hex(r.take(8)), from: r.uint32(), until: r.uint32() };
  r.require(amnesty.scopes > 0 && amnesty.scopes < 128 && amnesty.from < amnesty.until);
  return amnesty;
}

/** @param {Reader} r */
function readPassages(r) {
  const since = r.uint63();
  const reach = r.byte();
  r.require(reach < 3);
  /** @type {(Passage & {head: number})[]} */
  const list = [];
  let day = -1;
  for (let days = r.count(5); days > 0; days--) {
    day += 1 + r.number(65535);
    let index = 0;
    for (let n = 1 + r.count(3); n > 0; n--) {
      index += r.number(2 ** 32 - 1);
      const head = r.byte();
      r.require(day < 65536 && index < 2 ** 32 && (head >> 5 & 3) < 3 && (head & 31) < 30);
      list.push({ day, index, head, way: head >> 7, state: head >> 5 & 3, step: head & 31, at: since + r.number(2 ** 40) });
    }
  }
  r.require(ascends(list, (a, b) => a.day - b.day || a.index - b.index || a.head - b.head || a.at - b.at));
  return { since, reach, list };
}

/** @param {Reader} r */
function readBookings(r) {
  const train = r.text();
  const watermark = r.uint63();
  const whole = r.byte();
  r.require(train.length > 0 && train.length <= 64 && whole < 2);
  const lost = Array.from({ length: r.count(2) }, () => r.uint16());
  const bodies = Array.from({ length: r.count(2) }, () => r.text());
  r.require(ascends(lost, (a, b) => a - b) && ascends(bodies, compare));
  // docs/tickets.md: form (1), then 42 bytes, then the train as a text
  r.require(bodies.every((body) => body.length > 44 && body[0] === 1 && compare(body.subarray(44, 44 + body[43]), train) === 0));
  return { train: decoder.decode(train), watermark, whole: whole === 1, lost, bodies };
}

/** @typedef {{name: keyof Content, read: (r: Reader) => unknown}} Section */

/** The sections after the proofs, by kind. */
export const SECTIONS = new Map(/** @type {[number, Section][]} */ ([
  [2, { name: 'policy', read: readPolicy }],
  [3, { name: 'revoked', read: readSerials }],
  [4, { name: 'unrevoked', read: readSerials }],
  [5, { name: 'exempt', read: readExempt }],
  [6, { name: 'cutoffs', read: (r) => new Map(readList(r, 12, 8, () => [hex(r.take(8)), r.uint32()])) }],
  [7, { name: 'closed', read: readClosed }],
  [8, { name: 'forgiven', read: (r) => new Map(readList(r, 14, 6, () => [`${r.uint16()}-${r.uint32()}`, r.uint63()])) }],
  [9, { name: 'amnesties', read: (r) => readList(r, 17, 17, readAmnesty) }],
  [10, { name: 'passages', read: readPassages }],
  [11, { name: 'bookings', read: readBookings }],
]));
