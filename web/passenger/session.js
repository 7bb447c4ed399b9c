/**
 * The session of a code: its seed and chain are made on this phone, so that codes are drawn without a network.
 *
 * Functions of the session and the time; no clock, network or storage.
 * @module
 */

import { back, chainOf } from '../railgate/chain.js';
import { assemble, hex, parseText, unhex } from '../railgate/code.js';

/**
 * A session as this phone keeps it.
 * @typedef {object} Session
 * @property {string} application
 * @property {string} serial
 * @property {string} seed hexadecimal; secret
 * @property {string} pass hexadecimal, as the issuer signed it
 * @property {number} start Unix seconds
 * @property {number} period seconds
 * @property {number} length steps
 * @property {number} expires end of the credential, Unix seconds
 * @property {number} offset of the server's clock when the session was kept, ms
 */

/** The answer of `POST /v1/applications/{id}/sessions` in anchor mode. */
/** @typedef {{session: string, pass: string, serial: string, server_time_ms: number, start_at: number, period_seconds: number, length: number, expires_at: number}} Opened */

/**
 * The time of a session.
 * @typedef {object} Moment
 * @property {number} step
 * @property {number} left seconds until the next step, rounded up
 * @property {number} rest seconds until the end of the session, rounded up
 * @property {boolean} over
 */

/** Number of steps of a session: rules A10 and A11. */
const LENGTH = 30;

/**
 * Returns day and index of a serial as the chain needs them.
 * @param {string} serial as in `20494-17`
 */
export function serialBytes(serial) {
  const [day, index] = serial.split('-').map(Number);
  const bytes = new Uint8Array(6);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, day);
  view.setUint32(2, index);
  return bytes;
}

/**
 * Makes a seed and the anchor that the issuer signs.
 * @param {string} serial
 * @returns {Promise<{seed: string, anchor: string}>} hexadecimal
 */
export async function makeChain(serial) {
  const seed = crypto.getRandomValues(new Uint8Array(16));
  const { anchor } = await chainOf(seed, LENGTH, serialBytes(serial));
  return { seed: hex(seed), anchor: hex(anchor) };
}

/**
 * Returns the links of a session, step 0 first.
 * @param {Session} session
 */
export async function linksOf(session) {
  return (await chainOf(unhex(session.seed), session.length, serialBytes(session.serial))).links;
}

/**
 * Joins the issuer's answer and the seed. The pass must contain the anchor of the seed: a gate would refuse other codes.
 * @param {string} application
 * @param {Opened} opened
 * @param {string} seed hexadecimal
 * @param {number} offset ms
 * @returns {Promise<Session>}
 */
export async function sessionOf(application, opened, seed, offset) {
  /** @type {Session} */
  const session = {
    application, serial: opened.serial, seed, pass: opened.pass, start: opened.start_at,
    period: opened.period_seconds, length: opened.length, expires: opened.expires_at, offset,
  };
  const links = await linksOf(session);
  const code = parseText(codeText(session, links, 0));
  const anchor = await back(links[0], 0, serialBytes(session.serial));
  if (hex(anchor) !== hex(code.anchor) || code.serial !== session.serial || code.start !== session.start) throw new Error('the pass is of another session');
  return session;
}

/**
 * Returns the end of a session: 30 minutes after its start, or the end of the credential. Unix seconds.
 * @param {Session} session
 */
export function endOf(session) {
  return Math.min(session.start + session.period * session.length, session.expires);
}

/**
 * Returns the step of a time. Gates accept a step some seconds early, so step 0 is shown before the start.
 * @param {Session} session
 * @param {number} ms server's time, Unix ms
 * @returns {Moment}
 */
export function momentOf(session, ms) {
  const since = ms / 1000 - session.start;
  const step = Math.min(Math.max(0, Math.floor(since / session.period)), session.length - 1);
  const rest = endOf(session) - ms / 1000;
  const left = Math.min((step + 1) * session.period - since, session.period, rest);
  return { step, left: Math.max(0, Math.ceil(left)), rest: Math.max(0, Math.ceil(rest)), over: rest <= 0 };
}

/**
 * Returns the text of the code of a step.
 * @param {Session} session
 * @param {Uint8Array[]} links
 * @param {number} step
 */
export function codeText(session, links, step) {
  return assemble(unhex(session.pass), step, links[step]);
}
