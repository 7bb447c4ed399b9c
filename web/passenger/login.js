/**
 * The login of this phone: its token in a vault until its end, and the profile of its account.
 *
 * The token is never in an address, a log or localStorage. All tabs of the page share one login.
 * @module
 */

import { offset } from '../ui/clock.js';
import { call, Problem, Unreachable } from '../ui/http.js';
import { go, update } from '../ui/page.js';
import { Vault } from '../ui/vault.js';

/** @typedef {import('../ui/language.js').Bilingual} Bilingual */

/**
 * The answer of `GET /v1/account`.
 * @typedef {object} Profile
 * @property {string} account
 * @property {string} login_name
 * @property {string} name
 * @property {boolean} name_cut
 * @property {boolean} name_uncommon
 * @property {boolean} substituted
 * @property {string} document_type
 * @property {string} document_number
 * @property {string} [nationality]
 * @property {string} [phone]
 * @property {number} [phone_verified_at]
 * @property {string} [email]
 * @property {number} version
 * @property {number} created_at
 * @property {boolean} consent_due the active privacy policy was not agreed to yet
 * @property {string} [status]
 * @property {Bilingual} [status_text]
 * @property {Bilingual} [contact]
 * @property {Bilingual} [next_step]
 */

/** @typedef {{token: string, account: Profile}} LoginState */
/** @typedef {{token: string, account: string, expires_at: number}} Granted the answer of `POST /v1/logins` */
/** @typedef {'in' | 'out' | 'expired'} LoginChange */

const VAULT = 'railgate-login';

/** A login ends after this time without use, ms: docs/issuance.md, section 5. */
const UNUSED = 3 * 24 * 3600 * 1000;

/** @type {{token: string, id: string, ends: number, profile: Profile | null} | null} */
let current = null;
let read = false;

/** @type {Promise<void> | null} the one reading of the vault */
let reading = null;

/** @type {Promise<Vault> | null} */
let vault = null;

/** @type {{to: string, id: string} | null} where the person was when the login was found to have ended */
let interrupted = null;

/** @type {Set<(change: LoginChange) => void>} */
const listeners = new Set();

const others = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel(VAULT);
others?.addEventListener('message', ({ data }) => {
  if (data === 'out') forget('out');
  else if (data === 'in') restore().then(() => tell('in'), () => {});
});

function open() {
  return vault ??= Vault.open(VAULT);
}

/** @param {LoginChange} change */
function tell(change) {
  for (const listener of listeners) listener(change);
  update();
}

/** Reads the login that an earlier page or another tab stored. */
async function restore() {
  current = (await (await open()).get('login')) ?? null;
  read = true;
}

/** Stores the login. It is erased at its end by the server's rules. */
async function keep() {
  if (!current) return;
  await (await open()).put('login', current, Math.min(current.ends * 1000 - offset(), Date.now() + UNUSED));
}

/** @param {LoginChange} change */
function forget(change) {
  current = null;
  read = true;
  void open().then((v) => v.drop('login'));
  tell(change);
}

/**
 * Returns the login, or null if there is none. A profile that was read before is returned at once and read again
 * in the background.
 * @returns {Promise<LoginState | null>}
 * @throws {Unreachable} if the profile was never read and there is no network
 */
export async function loginState() {
  if (!read) {
    await (reading ??= restore());
    if (current?.profile) refresh().catch((err) => {
      if (err instanceof Problem && err.code === 'login_required') forget('expired');
    });
  }
  if (!current) return null;
  if (!current.profile) return refresh();
  return { token: current.token, account: current.profile };
}

/** Returns the login if it is known already: for views, which do not wait. */
export function loginNow() {
  return current?.profile ? { token: current.token, account: current.profile } : null;
}

/** Returns the token for requests, if there is a login. Call {@link loginState} first. */
export function bearer() {
  return current?.token;
}

/**
 * Reads the profile again.
 * @returns {Promise<LoginState | null>} null if there is no login, or another account logged in meanwhile
 */
export async function refresh() {
  const asked = current;
  if (!asked) return null;
  const profile = await call('GET', '/v1/account', { bearer: asked.token });
  return current === asked ? setProfile(profile) : null;
}

/**
 * Takes a profile that an answer contains.
 * @param {Profile} profile
 * @returns {LoginState | null}
 */
export function setProfile(profile) {
  if (!current || current.id !== profile.account) return null;
  current.profile = profile;
  void keep();
  update();
  return { token: current.token, account: profile };
}

/**
 * Starts a login and returns to the view that an ended login interrupted.
 * @param {Granted} granted
 * @param {string} [to] the view otherwise
 */
export async function logIn(granted, to = '') {
  const back = interrupted?.id === granted.account ? interrupted.to : to;
  if (interrupted?.id !== granted.account) tell('out'); // forms of another account are dropped
  interrupted = null;
  current = { token: granted.token, id: granted.account, ends: granted.expires_at, profile: null };
  read = true;
  await keep();
  try {
    await refresh();
  } catch (err) {
    if (!(err instanceof Unreachable)) throw err;
  }
  others?.postMessage('in');
  tell('in');
  go(back, { replace: true });
}

/**
 * Ends the login on this phone, or all logins of the account.
 * @param {{everywhere?: boolean}} [how]
 * @returns {Promise<boolean>} false: erased on this phone, but the server could not be told
 * @throws {Problem | Unreachable} with everywhere: the logins go on
 */
export async function logOut({ everywhere = false } = {}) {
  const token = current?.token;
  let told = true;
  if (token) {
    try {
      await call('DELETE', everywhere ? '/v1/logins' : '/v1/logins/current', { bearer: token });
    } catch (err) {
      const ended = err instanceof Problem && err.code === 'login_required';
      if (!ended && everywhere) throw err;
      told = ended;
    }
  }
  interrupted = null;
  forget('out');
  others?.postMessage('out');
  return told;
}

/** Erases a login that the server has ended with the account. */
export function loginGone() {
  interrupted = null;
  forget('out');
  others?.postMessage('out');
}

/**
 * Reports whether a failure says that the login has ended. If so, it is erased and the person logs in again; forms keep
 * what was entered, and {@link logIn} returns to them.
 * @param {unknown} err
 */
export function expired(err) {
  if (!(err instanceof Problem) || err.code !== 'login_required') return false;
  if (current) {
    interrupted = { to: location.hash.slice(1), id: current.id };
    forget('expired');
    others?.postMessage('out');
  }
  go('login', { replace: true });
  return true;
}

/** Reports whether the login has ended while the person was at work. */
export function wasInterrupted() {
  return interrupted !== null;
}

/**
 * Calls a function after each change of the login, in this tab or another. After `out` everything of the account must be
 * erased (rule A12); after `expired` forms may stay, for the same account logs in again.
 * @param {(change: LoginChange) => void} listener
 */
export function onLogin(listener) {
  listeners.add(listener);
}
