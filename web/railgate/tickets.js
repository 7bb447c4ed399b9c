/**
 * Bookings and which ticket counts: docs/tickets.md, sections 2 and 6.
 * @module
 */

import { hex } from './code.js';

const GRACE = 24 * 3600;
const BOARDS = 2 * 3600;

/**
 * @typedef {'unknown' | 'none' | 'early' | 'late' | 'held'} Held
 * @typedef {{held: Held, train?: string, departs?: number, coach?: string, seat?: string}} Ticket
 */

/**
 * A ticket under one pseudonym.
 * @typedef {object} Booking
 * @property {number} day
 * @property {string} ticket 16 hexadecimal digits
 * @property {string} subject 16 hexadecimal digits
 * @property {string} from station, 16 hexadecimal digits
 * @property {string} to
 * @property {number} departs Unix seconds
 * @property {number} arrives Unix seconds
 * @property {string} train
 * @property {string} coach
 * @property {string} seat
 */

/**
 * Reads a booking of a bundle, which is of form 1.
 * @param {Uint8Array} body
 * @returns {Booking}
 */
export function parseBooking(body) {
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  let at = 43;
  const text = () => {
    const end = at + 1 + body[at];
    const label = new TextDecoder().decode(body.subarray(at + 1, end));
    at = end;
    return label;
  };
  const digits = (/** @type {number} */ from) => hex(body.subarray(from, from + 8));
  return {
    day: view.getUint16(1), ticket: digits(3), subject: digits(11), from: digits(19), to: digits(27),
    departs: view.getUint32(35), arrives: view.getUint32(39), train: text(), coach: text(), seat: text(),
  };
}

/**
 * Returns the name of a station in bookings and amnesties, 16 hexadecimal digits.
 * @param {string} name
 */
export async function stationOf(name) {
  const input = new TextEncoder().encode(`railgate/station/v1${name}`);
  return hex(new Uint8Array(await crypto.subtle.digest('SHA-256', input)).subarray(0, 8));
}

/** Bookings of a bundle. */
export class Bookings {
  /** @param {Uint8Array[]} bodies */
  constructor(bodies) {
    /** @type {Map<string, Booking[]>} */
    this.of = new Map();
    for (const booking of bodies.map(parseBooking)) {
      const key = `${booking.day} ${booking.subject}`;
      const all = this.of.get(key) ?? [];
      this.of.set(key, [...all, booking]);
    }
  }

  /**
   * Returns the ticket that decides, `none` if there is none, `unknown` if the scope is not asked.
   * @param {{day: number, subject: string}} code
   * @param {{scope: string, station: string, train: string, at: number, opens: number}} scan at in Unix seconds, opens in
   * seconds
   * @returns {Ticket}
   */
  look(code, scan) {
    const rule = ruleOf(scan);
    if (!rule) return { held: 'unknown' };
    /** @type {{booking: Booking, held: Held}[]} */
    const all = (this.of.get(`${code.day} ${code.subject}`) ?? []).filter(rule.counts)
      .map((booking) => ({ booking, held: heldAt(booking, rule, scan.at) }));
    all.sort((a, b) => RANK[b.held] - RANK[a.held] ||
      Math.abs(scan.at - a.booking.departs) - Math.abs(scan.at - b.booking.departs) || (a.booking.ticket < b.booking.ticket ? -1 : 1));
    if (all.length === 0) return { held: 'none' };
    const { booking: { train, departs, coach, seat }, held } = all[0];
    return { held, train, departs, coach, seat };
  }
}

/** @type {Record<Held, number>} */
const RANK = { unknown: 0, none: 0, late: 1, early: 2, held: 3 };

/**
 * Returns which tickets count for a scan and when they are held, or null.
 * @param {{scope: string, station: string, train: string, opens: number}} scan
 * @returns {{counts: (b: Booking) => boolean, before: number, ride: boolean} | null}
 */
function ruleOf({ scope, station, train, opens }) {
  switch (scope) {
    case 'entry': case 'verify': return station ? { counts: (b) => b.from === station, before: opens, ride: false } : null;
    case 'exit': return station ? { counts: (b) => b.to === station, before: 0, ride: true } : null;
    case 'onboard': return train ? { counts: (b) => b.train === train, before: BOARDS, ride: true } : null;
    default: return null;
  }
}

/**
 * @param {Booking} booking
 * @param {{before: number, ride: boolean}} rule
 * @param {number} at Unix seconds
 * @returns {Held}
 */
function heldAt(booking, rule, at) {
  if (at < booking.departs - rule.before) return 'early';
  return at > (rule.ride ? booking.arrives + GRACE : booking.departs) ? 'late' : 'held';
}
