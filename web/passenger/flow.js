/**
 * The way from the form to the code: what is sent, in which order, and what an unknown outcome means.
 *
 * Without an answer the phone does not know whether the server acted. None of these requests uses up an application twice:
 * - *apply*: only a decided application counts (rule A7); one without a face check is erased after 48 hours. With a login the
 *   list of applications tells whether it arrived. Without one its token is lost, and the form is sent again.
 * - *check*: the status of the application tells whether it passed. Another check uses up nothing (rule A11).
 * - *decision*, *viewings*, *leave*: may be sent again.
 * - *session*: the check opens one session. If it is used up, the answer asks for another check.
 * @module
 */

import { clock, now, offset, reading } from '../ui/clock.js';
import { call, Problem, Unreachable } from '../ui/http.js';
import { Form } from '../ui/form.js';
import { go } from '../ui/page.js';
import { bearer, loginNow } from './login.js';
import { makeChain, sessionOf } from './session.js';
import { accessToken, dropEarlier, dropSession, endViewing, keepDraft, keepHeld, keepSession, masked, putAside, state } from './state.js';
import { decided, held, lost, refreshStatus } from './status.js';
import { mark } from './tab.js';

/** @typedef {import('./state.js').Held} Held */
/** @typedef {import('./state.js').Status} Status */

/** What runs between form and code, and its failure; the views of the way share it. */
export const progress = new Form({});

/** Problems that end an application. */
const FINAL = new Set(['quota_exceeded', 'renewal_too_early', 'identity_not_confirmed', 'document_cancelled', 'application_refused',
  'application_expired', 'credential_expired', 'credential_revoked', 'credential_superseded']);

/** Margin for a check that is about to end, seconds. */
const SOON = 5;

/** Identity of a person without a login who returns to their temporary ID; in memory only. */
/** @type {{name: string, document_number: string, policy: string} | null} */
let returning = null;

/** @type {{body: string, at: number} | null} an application with a login whose outcome is unknown */
let unsure = null;

/** Reports whether a face check has a purpose now. */
export function awaitsCheck() {
  return returning !== null || state.held !== null && ['submitted', 'checked', 'approved'].includes(state.held.status.status);
}

/** Reports whether the next face check returns to an existing temporary ID. */
export function isReturning() {
  return returning !== null || state.held?.status.status === 'approved';
}

/**
 * Submits an application and continues with its face check.
 * @param {{name: string, document_type: string, document_number: string, city: string, location: {latitude: number, longitude: number}, policy?: string}} form
 */
export async function apply(form) {
  const token = bearer();
  const body = JSON.stringify(form);
  const adopted = token && unsure?.body === body ? await arrived(token, unsure.at) : null;
  /** @type {{application: string, status: string, access_token?: string}} */
  let answer;
  try {
    answer = adopted ?? await call('POST', '/v1/applications', { body: form, bearer: token });
  } catch (err) {
    if (err instanceof Unreachable && token) unsure = { body, at: now() / 1000 };
    throw err;
  }
  unsure = null;
  if (state.held?.status.status === 'approved') await putAside();
  await dropSession();
  returning = null;
  progress.faults = {};
  await keepHeld({
    id: answer.application, token: answer.access_token ?? '', account: answer.access_token ? '' : loginNow()?.account.account ?? '', tab: mark,
    name: masked(form.name), status: { status: 'submitted', submitted_at: Math.floor(now() / 1000) },
  });
  await keepDraft(null);
  go('face');
}

/**
 * Looks for an application whose answer was lost.
 * @param {string} token
 * @param {number} at when it was sent, Unix seconds
 */
async function arrived(token, at) {
  const { applications } = await call('GET', '/v1/account/applications', { bearer: token });
  return applications.find((/** @type {Status} */ a) => a.status === 'submitted' && a.submitted_at >= at - 60) ?? null;
}

/**
 * Starts the return of a person without a login to their temporary ID.
 * @param {{name: string, document_number: string, policy: string}} identity
 */
export function startReturn(identity) {
  returning = identity;
  progress.faults = {};
  go('face');
}

/** Shows an approved application of the login that was applied for elsewhere. */
export async function adopt(/** @type {Status} */ status) {
  if (state.held?.id === status.application) return;
  if (state.held) await endViewing(state.held);
  const account = loginNow()?.account;
  await keepHeld({ id: status.application ?? '', token: '', account: account?.account ?? '', tab: mark, name: masked(account?.name ?? ''), status });
}

/**
 * Sends the evidence of a face check and continues with the result, or with the code of an existing temporary ID.
 * @param {string} evidence
 */
export async function check(evidence) {
  const again = isReturning();
  const from = location.hash;
  let sandbox = false;
  const header = (/** @type {Headers} */ all) => { sandbox = all.get('Real-Person-Check')?.startsWith('sandbox') ?? false; };
  if (returning) {
    const { name } = returning;
    const answer = await call('POST', '/v1/viewings', { body: { ...returning, document_type: 'resident_id', evidence }, header });
    returning = null;
    await dropEarlier();
    await keepHeld({ id: answer.application.application, token: answer.access_token, account: '', tab: mark, name: masked(name), status: answer.application,
      check: { id: answer.check, until: answer.expires_at }, sandbox });
  } else {
    const { id } = held();
    try {
      const answer = await call('POST', `/v1/applications/${id}/checks`, { bearer: accessToken(), body: { evidence }, header });
      await keepHeld({ ...held(), status: answer.application, check: { id: answer.check, until: answer.expires_at }, sandbox });
      await decided();
    } catch (err) {
      if (err instanceof Unreachable) await lookAgain();
      await settle(err);
      return;
    }
  }
  if (again) await openSession();
  else lead(from, 'result');
}

/**
 * Leads on to a view, unless the person has left the one where it began.
 * @param {string} from fragment
 * @param {string} to
 */
function lead(from, to) {
  if (location.hash === from) go(to, { replace: from === '#face' });
}

/** After an unknown outcome: reads the status, if the network allows. Leads on if the application was decided. */
async function lookAgain() {
  const before = held().status.status;
  await refreshStatus().catch(() => {});
  if (state.held && state.held.status.status !== before) lead('#face', 'result');
}

/**
 * Keeps a refusal with its text; other failures are the caller's.
 * @param {unknown} err
 */
async function settle(err) {
  if (err instanceof Problem && FINAL.has(err.code) && state.held) {
    const status = { credential_expired: 'expired', application_expired: 'expired', credential_revoked: 'revoked', credential_superseded: 'superseded' }[err.code] ?? 'refused';
    await dropSession();
    await keepHeld({ ...state.held, check: undefined, status: { ...state.held.status, status, ...(status === 'refused' ? { refused_for: err.code } : {}) },
      refusal: { code: err.code, text: err.text, next: err.next, contact: err.contact, retryAt: err.retryAt } });
    go('result', { replace: true });
    return;
  }
  await lost(err);
  throw err;
}

/** Asks again for the decision of a checked application: the check is good for two minutes. */
export async function decide() {
  const { id } = held();
  try {
    const status = await call('POST', `/v1/applications/${id}/decision`, { bearer: accessToken(), body: {} });
    await keepHeld({ ...held(), status });
    await decided();
  } catch (err) {
    await settle(err);
  }
}

/** Reports whether a passed check is still good for a session. */
export function hasCheck() {
  return (state.held?.check?.until ?? 0) > now() / 1000 + SOON;
}

/** Shows the code: opens a session on the passed check, or asks for another check. */
export async function openSession() {
  const { id, check: passed, status } = held();
  if (!passed || !hasCheck()) {
    go('face');
    return;
  }
  const from = location.hash;
  const { seed, anchor } = await makeChain(status.serial ?? '');
  const sent = reading();
  try {
    const opened = await call('POST', `/v1/applications/${id}/sessions`, { bearer: accessToken(), body: { check: passed.id, mode: 'anchor', anchor } });
    clock.learnExact(opened.server_time_ms, sent);
    const session = await sessionOf(id, opened, seed, offset());
    await keepHeld({ ...held(), check: undefined });
    await keepSession(session);
    lead(from, 'code');
  } catch (err) {
    if (err instanceof Problem && err.code === 'real_person_check_required') {
      await keepHeld({ ...held(), check: undefined });
      go('face', { replace: true });
      return;
    }
    if (err instanceof Unreachable || err instanceof Problem && err.status >= 429) lead('#face', 'result');
    await settle(err);
  }
}
