/**
 * What the page keeps of a person: the application, the session of its code, a half-filled form.
 *
 * Everything is in memory and, encrypted, in a vault with an end. What survives (rules A5, A12, T23 to T25):
 * - With a login: application and session belong to the login. Closing the page ends nothing; logging out ends both.
 * - Without a login: they belong to the tab. A reload, or a tab that the phone put aside to save memory, continues. Closing
 *   the page ends the viewing: the next page erases what it finds, tells the server, and the person enters their identity and
 *   passes the face check again.
 * - Clearing the browser's data erases all of it, for everyone.
 * @module
 */

import { offset, restore } from '../ui/clock.js';
import { call, Problem } from '../ui/http.js';
import { update } from '../ui/page.js';
import { Vault } from '../ui/vault.js';
import { bearer } from './login.js';
import { endOf } from './session.js';
import { mark } from './tab.js';

/** @typedef {import('../ui/language.js').Bilingual} Bilingual */
/** @typedef {import('./session.js').Session} Session */

/**
 * The status of an application: docs/openapi/issuer.yaml, Application. Times are Unix seconds.
 * @typedef {object} Status
 * @property {string} [application]
 * @property {string} status
 * @property {number} submitted_at
 * @property {string} [refused_for]
 * @property {string} [serial]
 * @property {number} [approved_at]
 * @property {number} [expires_at]
 * @property {number} [renewable_at]
 */

/**
 * An application of this phone.
 * @typedef {object} Held
 * @property {string} id
 * @property {string} token access token; empty with a login
 * @property {string} account empty without a login
 * @property {string} tab mark of the tab
 * @property {string} name masked
 * @property {Status} status
 * @property {{id: string, until: number}} [check] a passed check that has opened no session yet; Unix seconds
 * @property {boolean} [sandbox] the face check compared no face
 * @property {{code: string, text: Bilingual, next?: Bilingual, contact?: Bilingual, retryAt?: number}} [refusal]
 */

/** A viewing whose end the server was not told yet; the token is empty with a login. */
/** @typedef {{id: string, token: string}} Owed */

/** How long a half-filled form is kept, ms: long enough to allow the location in the phone's settings. */
const DRAFT_LIFE = 15 * 60_000;
const DAY = 86_400_000;
/** Owed ends are few: one per page that was closed. */
const MOST_OWED = 8;

/** @type {Vault} */
let vault = new Vault(null, null);

export const state = {
  ready: false,
  /** @type {Held | null} */
  held: null,
  /** @type {Session | null} */
  session: null,
  /** @type {{held: Held, session: Session | null} | null} an approved application while a further one is undecided */
  prior: null,
  /** End of a temporary ID whose viewing ended on this phone, Unix seconds; 0: none. */
  earlier: 0,
  /** @type {Record<string, string> | null} */
  draft: null,
  /** @type {Owed[]} */
  owed: [],
  /** Whether values outlive the page. */
  lasting: true,
};

/**
 * Reads what earlier pages kept.
 * @param {string | null} account of the login, empty without one; null if it is unknown without a network
 * @param {boolean} taken the tab was taken over from another one, so the page was not closed
 */
export async function load(account, taken) {
  putDown();
  vault = await Vault.open('railgate-passenger');
  /** @type {[Held?, Session?, {held: Held, session: Session | null}?, number?, {tab: string, values: Record<string, string>}?, Owed[]?]} */
  const [held, session, prior, earlier, draft, owed] = /** @type {any} */ (
    await Promise.all(['held', 'session', 'prior', 'earlier', 'draft', 'owed'].map((name) => vault.get(name).catch(() => undefined))));
  if (session) restore(session.offset);
  state.earlier = earlier ?? 0;
  state.owed = owed ?? [];
  state.lasting = vault.lasting;
  if (draft && (draft.tab === mark || taken)) state.draft = draft.values;
  else if (draft) await vault.drop('draft');
  if (held) {
    const mine = held.account ? account === null || held.account === account : held.tab === mark || taken;
    if (mine) {
      state.held = { ...held, tab: mark };
      state.session = session?.application === held.id ? session : null;
      state.prior = prior ?? null;
      if (held.tab !== mark) await keepHeld(state.held);
    } else {
      for (const one of prior ? [held, prior.held] : [held]) {
        if (one.account) await dropHeld(); // its logout has told the server
        else await endViewing(one);
      }
      await dropPrior();
    }
  }
  state.ready = true;
  void payOwed();
}

/** Forgets the state in memory: another tab has taken over what is stored. */
export function putDown() {
  Object.assign(state, { ready: false, held: null, session: null, prior: null, earlier: 0, draft: null, owed: [] });
}

/** Returns the token for requests about the application. */
export function accessToken() {
  return state.held?.token || bearer();
}

/** @param {number} seconds server's time, Unix seconds */
function byPhone(seconds) {
  return seconds * 1000 - offset();
}

/**
 * Keeps an application until the end of its credential, or for the day in which it can be decided.
 * @param {Held} held
 */
export async function keepHeld(held) {
  state.held = held;
  const { status, submitted_at, expires_at } = held.status;
  await vault.put('held', held, status === 'approved' && expires_at ? byPhone(expires_at) : byPhone(submitted_at) + DAY);
  state.lasting = vault.lasting;
  update();
}

/**
 * Keeps a session until its end.
 * @param {Session} session
 */
export async function keepSession(session) {
  state.session = session;
  await vault.put('session', session, byPhone(endOf(session)));
  state.lasting = vault.lasting;
  update();
}

/** Puts an approved application aside while a further one is undecided: if that one is refused, this one goes on. */
export async function putAside() {
  const { held, session } = state;
  if (held?.status.status !== 'approved') return;
  state.prior = { held, session };
  await vault.put('prior', state.prior, byPhone(held.status.expires_at ?? 0));
}

/** Continues with the application that was put aside. */
export async function takeBack() {
  const { prior } = state;
  if (!prior) return;
  await dropPrior();
  await dropHeld();
  await keepHeld(prior.held);
  if (prior.session) await keepSession(prior.session);
}

/** Erases the application that was put aside: a further one has replaced it. */
export async function dropPrior() {
  state.prior = null;
  await vault.drop('prior').catch(() => {});
}

/** Erases the session and its seed. */
export async function dropSession() {
  state.session = null;
  update();
  await vault.drop('session').catch(() => {});
}

/** Erases application and session. */
export async function dropHeld() {
  state.held = null;
  await dropSession();
  await vault.drop('held').catch(() => {});
}

/**
 * Keeps a form for a reload of this tab, until it is sent.
 * @param {Record<string, string> | null} values
 */
export async function keepDraft(values) {
  state.draft = values;
  if (values) await vault.put('draft', { tab: mark, values }, Date.now() + DRAFT_LIFE);
  else await vault.drop('draft').catch(() => {});
}

/**
 * Ends the viewing of an application (rule A12): erases it here at once, and tells the server now or when it can be reached.
 * @param {Held} held
 */
export async function endViewing(held) {
  const { status, expires_at = 0 } = held.status;
  state.owed = [...state.owed, { id: held.id, token: held.token }].slice(-MOST_OWED);
  await vault.put('owed', state.owed, Date.now() + DAY);
  if (held.account) { // the login still opens the application
    await dropSession();
    await keepHeld({ ...held, check: undefined });
    return;
  }
  await dropHeld();
  if (status === 'approved') {
    state.earlier = expires_at;
    await vault.put('earlier', expires_at, byPhone(expires_at));
  }
}

/** Erases the viewings that a login opened; its logout has told the server. */
export async function loggedOut() {
  if (state.held?.account) await dropHeld();
  if (state.prior?.held.account) await dropPrior();
  await keepDraft(null);
}

/** Ends the viewing on this phone and, as soon as the server can be told, at the gates. */
export async function leave() {
  if (!state.held) return;
  await endViewing(state.held);
  void payOwed();
}

let paying = false;

/** Tells the server which viewings have ended. */
export async function payOwed() {
  if (paying || state.owed.length === 0) return;
  paying = true;
  try {
    while (state.owed.length > 0) {
      const [{ id, token }] = state.owed;
      try { // a login that has ended has ended its sessions
        if (token || bearer()) await call('POST', `/v1/applications/${id}/leave`, { bearer: token || bearer(), body: {} });
      } catch (err) {
        if (!(err instanceof Problem) || err.status !== 401) return; // 401: it has ended before
      }
      state.owed = state.owed.slice(1);
      if (state.owed.length > 0) await vault.put('owed', state.owed, Date.now() + DAY);
      else await vault.drop('owed');
    }
  } catch {
    // The vault has failed; the sessions end by themselves.
  } finally {
    paying = false;
  }
}

/** Forgets that there was an earlier temporary ID. */
export async function dropEarlier() {
  state.earlier = 0;
  await vault.drop('earlier').catch(() => {});
}

/**
 * Returns a name as bystanders may read it: the last character, or the last of Latin letters.
 * @param {string} name
 */
export function masked(name) {
  const letters = [...new Intl.Segmenter().segment(name.trim())].map(({ segment }) => segment);
  return letters.length < 2 ? '*' : '*'.repeat(Math.min(letters.length - 1, 4)) + letters.at(-1);
}
