/**
 * The desk's staff credential: in memory, and in a vault until the shift ends or the desk is idle.
 *
 * A lock erases the credential, not the work: the person at the desk shows the credential again. The credential is never
 * in an address, a log or localStorage. All tabs share one login, one lock and one idle time.
 * @module
 */

import { offset } from '../ui/clock.js';
import { call, Problem } from '../ui/http.js';
import { update } from '../ui/page.js';
import { Vault } from '../ui/vault.js';

/**
 * The answer of `GET /v1/staff/me`.
 * @typedef {object} Member
 * @property {string} name of a place or a post, not of a person
 * @property {string[]} roles
 * @property {string[]} actions by the names of the audit log
 * @property {string[]} purposes for which the credential may identify passengers
 * @property {number} [expires_at] Unix seconds
 */

/** @typedef {{secret: string, member: Member, ends: number}} Login ends: Unix ms by this machine's clock */

/** Longest time of a login, ms. Our choice: one shift. */
export const SHIFT = 12 * 3600 * 1000;

/** Time without input after which the desk locks, ms. Our choice. */
export const IDLE = 10 * 60 * 1000;

const VAULT = 'railgate-desk';
const SECRET = /^rgs_[0-9a-f]{64}$/;

/** Shortest time between two writes of the idle time, ms. */
const RENEW = 30_000;

/** @type {Login | null} */
let current = null;

/** @type {string | null} the name of the locked desk, whose work is kept */
let locked = null;

/** @typedef {'idle' | 'hand' | 'refused' | 'shift'} Cause why the desk is locked */

/** @type {Cause | null} */
let cause = null;

let last = Date.now();
let renewed = 0;

/** @type {Promise<Vault> | null} */
let vault = null;

/** @type {Set<(whose: 'same' | 'other') => void>} */
const listeners = new Set();

const tabs = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel(VAULT);
tabs?.addEventListener('message', ({ data }) => {
  if (data === 'active') last = Date.now();
  else if (data === 'in' && !current) void restore();
  else if (data === 'out' && current) forget('hand', false);
});

const open = () => vault ??= Vault.open(VAULT);

/** Returns what the credential allows, or null before a login. */
export function member() {
  return current?.member ?? null;
}

/** Returns the credential, as the bearer of a request. */
export function as() {
  return current?.secret;
}

/** Returns the name of the locked desk and why it is locked. */
export function lockedDesk() {
  return { name: locked, cause };
}

/**
 * Reports whether the credential allows one of the actions.
 * @param {...string} actions
 */
export function may(...actions) {
  return actions.some((a) => current?.member.actions.includes(a));
}

/**
 * Calls a function after each login. other: another credential than the one whose work the page has.
 * @param {(whose: 'same' | 'other') => void} listener
 */
export function onLogin(listener) {
  listeners.add(listener);
}

/** Takes the login that an earlier page of this browser stored, if it is neither over nor idle. */
export async function restore() {
  /** @type {Login | undefined} */
  const stored = await (await open()).get('login');
  if (!stored || current) return;
  enter(stored);
  void refresh();
}

/** Reads the permissions again: they may have changed since the login. */
async function refresh() {
  try {
    const found = await ask('GET', '/v1/staff/me');
    if (current) current.member = found;
    update();
  } catch {
    // Without an answer the stored permissions stay; each request is checked again.
  }
}

/**
 * Logs in.
 * @param {string} text typed, pasted or scanned
 * @throws {Problem | import('../ui/http.js').Unreachable}
 */
export async function logIn(text) {
  const secret = text.normalize('NFKC').trim();
  if (!SECRET.test(secret)) throw new MalformedCredential();
  /** @type {Member} */
  const found = await call('GET', '/v1/staff/me', { bearer: secret });
  const ends = Math.min(Date.now() + SHIFT, (found.expires_at ?? Infinity) * 1000 - offset());
  last = Date.now();
  enter({ secret, member: found, ends });
  await keep();
  tabs?.postMessage('in');
}

/** The text is not a staff credential. */
export class MalformedCredential extends Error {}

/** @param {Login} login */
function enter(login) {
  const whose = locked === null || locked === login.member.name ? 'same' : 'other';
  current = login;
  locked = cause = null;
  last = Date.now();
  for (const listener of listeners) listener(whose);
  update();
}

/** Stores the login until the shift ends or the desk has been idle. */
async function keep() {
  if (!current) return;
  renewed = Date.now();
  await (await open()).put('login', current, Math.min(current.ends, renewed + IDLE));
}

/** Notes an input at the desk. */
export function active() {
  last = Date.now();
  if (!current || last - renewed < RENEW) return;
  void keep();
  tabs?.postMessage('active');
}

/** Locks the desk if it has been idle or the shift is over. */
export function watch() {
  if (!current) return;
  if (Date.now() >= current.ends) forget('shift');
  else if (Date.now() - last >= IDLE) forget('idle');
}

/** Locks the desk. */
export function lock() {
  forget('hand');
}

/**
 * @param {Cause} why
 * @param {boolean} [tell] the other tabs
 */
function forget(why, tell = true) {
  locked = current?.member.name ?? locked;
  cause = why;
  current = null;
  void open().then((v) => v.wipe());
  if (tell) tabs?.postMessage('out');
  update();
}

/**
 * Sends a request with the desk's credential. If the server no longer knows the credential, the desk locks and the work
 * stays.
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @param {{patience?: number, signal?: AbortSignal}} [how]
 * @returns {Promise<any>}
 * @throws {Problem | import('../ui/http.js').Unreachable}
 */
export async function ask(method, path, body, how = {}) {
  try {
    return await call(method, path, { ...how, body, bearer: as() });
  } catch (err) {
    if (err instanceof Problem && err.status === 401) forget('refused');
    throw err;
  }
}
