/**
 * The applications of the login in the last month (rule A13), and how many are left in this one (rule A7).
 * @module
 */

import { now } from '../ui/clock.js';
import { call, explain } from '../ui/http.js';
import { update } from '../ui/page.js';
import { bearer, expired, onLogin } from './login.js';

/** @typedef {import('./state.js').Status} Status */

/** Approvals of a person in a calendar month: rule A7. */
const MONTHLY = 3;
/** Beijing's time is ahead of UTC by this, ms. */
const BEIJING = 8 * 3_600_000;

export const list = {
  /** @type {Status[] | null} newest first */
  all: null,
  busy: false,
  /** @type {{text: string, next: string} | null} */
  fault: null,
};

onLogin(() => { list.all = null; });

/** Reads the list. */
export async function loadList() {
  const token = bearer();
  if (!token || list.busy) return;
  list.busy = true;
  list.fault = null;
  update();
  try {
    const { applications } = await call('GET', '/v1/account/applications', { bearer: token });
    if (bearer() === token) list.all = applications;
  } catch (err) {
    if (!expired(err)) list.fault = explain(err);
  } finally {
    list.busy = false;
    update();
  }
}

/** Returns the active credential of the login, or undefined. */
export function active() {
  return list.all?.find((a) => a.status === 'approved' && (a.expires_at ?? 0) * 1000 > now());
}

/**
 * Returns how many applications of a month are left after those of a list. Approvals count, also of credentials that were
 * revoked or replaced since.
 * @param {Status[]} all
 * @param {number} ms Unix ms
 */
export function left(all, ms) {
  const month = monthOf(ms);
  return Math.max(0, MONTHLY - all.filter((a) => a.approved_at && monthOf(a.approved_at * 1000) === month).length);
}

/**
 * Returns the calendar month of a time in Beijing.
 * @param {number} ms Unix ms
 */
export function monthOf(ms) {
  return new Date(ms + BEIJING).toISOString().slice(0, 7);
}
