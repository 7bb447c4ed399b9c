/**
 * Reading and writing codes: docs/token-format.md, sections 2 to 4 and 8.
 * @module
 */

import * as base45 from './base45.js';

export const BODY_SIZE = 44;
export const PASS_SIZE = 108;
export const CODE_SIZE = 125;
export const TEXT_SIZE = 192;
/** Time from approval to expiry, seconds. */
export const CREDENTIAL_LIFE = 86400;

const PREFIX = 'RG1:';

/** Scopes by their bit in the scopes byte. */
export const SCOPES = Object.freeze(['sale', 'refund', 'change', 'verify', 'entry', 'exit', 'onboard']);

/** The refusal of a code. `reason` is a reason of docs/token-format.md, section 11. */
export class Refused extends Error {
  /** @param {string} reason */
  constructor(reason) {
    super(reason);
    this.name = 'Refused';
    this.reason = reason;
  }
}

/**
 * The fields of a code. Nothing in it is proven until it is checked.
 * @typedef {object} Code
 * @property {Uint8Array} wire 125 bytes
 * @property {number} key id of the issuer key
 * @property {number} day railway day of the approval
 * @property {number} index index among the credentials of the day
 * @property {string} serial day and index, as in `20494-1042`
 * @property {string} subject pseudonym, 16 hexadecimal digits
 * @property {number} start start of step 0, Unix seconds
 * @property {number} expiry first second at which the credential has expired, Unix seconds
 * @property {number} period seconds per step
 * @property {number} length number of steps
 * @property {number} scopes set of bits, see SCOPES
 * @property {Uint8Array} anchor 16 bytes
 * @property {Uint8Array} signature 64 bytes
 * @property {number} step from 0
 * @property {Uint8Array} link 16 bytes, of the step
 */

/**
 * Returns the railway day of a time: days since 1970-01-01 in Beijing time.
 * @param {number} seconds Unix seconds; may be negative
 */
export function dayOf(seconds) {
  return Math.floor((seconds + 28800) / 86400);
}

/**
 * Returns the code of a scanned text.
 * @param {string} text every character counts: white space is refused
 * @returns {Code}
 * @throws {Refused} malformed or unsupported_version
 */
export function parseText(text) {
  if (!/^RG[0-9]:/.test(text)) throw new Refused('malformed');
  if (!text.startsWith(PREFIX)) throw new Refused('unsupported_version');
  if (text.length !== TEXT_SIZE) throw new Refused('malformed');
  const wire = base45.decode(text.slice(PREFIX.length));
  if (!wire || wire[0] !== 1) throw new Refused('malformed');
  return parseWire(wire);
}

/**
 * Returns the code of raw bytes.
 * @param {Uint8Array} wire is not copied
 * @returns {Code}
 * @throws {Refused} malformed or unsupported_version
 */
export function parseWire(wire) {
  if (wire.length !== CODE_SIZE) throw new Refused('malformed');
  if (wire[0] !== 1) throw new Refused('unsupported_version');
  const view = new DataView(wire.buffer, wire.byteOffset, wire.length);
  const day = view.getUint16(3);
  const index = view.getUint32(5);
  /** @type {Code} */
  const code = {
    wire,
    key: view.getUint16(1),
    day,
    index,
    serial: `${day}-${index}`,
    subject: hex(wire.subarray(9, 17)),
    start: view.getUint32(17),
    expiry: view.getUint32(21),
    period: wire[25],
    length: wire[26],
    scopes: wire[27],
    anchor: wire.subarray(28, 44),
    signature: wire.subarray(44, 108),
    step: wire[108],
    link: wire.subarray(109, 125),
  };
  if (!inBounds(code)) throw new Refused('malformed');
  return code;
}

/**
 * Reports whether a code keeps the bounds of section 8.
 * @param {Code} c
 */
function inBounds(c) {
  const approval = c.expiry - CREDENTIAL_LIFE;
  return c.period >= 15 && c.period <= 60 && c.length >= 1 && c.length <= 30 && c.scopes > 0 && c.scopes < 128 &&
    c.step < c.length && c.day === dayOf(approval) && approval <= c.start && c.start < c.expiry;
}

/**
 * Returns the text that a phone shows for a step.
 * @param {Uint8Array} pass 108 bytes, as the issuer signed them
 * @param {number} step
 * @param {Uint8Array} link 16 bytes, of the step
 */
export function assemble(pass, step, link) {
  const wire = new Uint8Array(CODE_SIZE);
  wire.set(pass);
  wire[PASS_SIZE] = step;
  wire.set(link, PASS_SIZE + 1);
  return PREFIX + base45.encode(wire);
}

/**
 * Returns bytes in hexadecimal.
 * @param {Uint8Array} bytes
 */
export function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * Returns the bytes of hexadecimal digits.
 * @param {string} digits an even number of digits
 */
export function unhex(digits) {
  if (!/^([0-9a-f]{2})*$/i.test(digits)) throw new TypeError('not hexadecimal');
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}
