/**
 * The status of the application as the server has it, which the code and the way to it follow.
 * @module
 */

import { call, Problem } from '../ui/http.js';
import { expired } from './login.js';
import { accessToken, dropEarlier, dropHeld, dropPrior, dropSession, keepHeld, state } from './state.js';

/** @typedef {import('./state.js').Held} Held */

/**
 * Returns the application of this page.
 * @returns {Held}
 * @throws {Problem} as the server's, if there is none
 */
export function held() {
  if (!state.held) throw new Problem({ code: 'unauthorized', status: 401, text: { zh: '申请不存在或无权访问。', en: 'There is no such application, or it is not yours.' },
    next_step: { zh: '请重新打开申请页面并进行实人核验。', en: 'Please open the application again and pass the face check.' } });
  return state.held;
}

/**
 * If the server no longer knows this page or login: erases what belongs to it.
 * @param {unknown} err
 */
export async function lost(err) {
  if (expired(err)) return;
  if (err instanceof Problem && err.code === 'unauthorized') await dropHeld();
}

/** An approval supersedes the temporary ID that was put aside (rule A9). */
export async function decided() {
  if (state.held?.status.status !== 'approved') return;
  if (state.prior) await dropPrior();
  if (state.earlier) await dropEarlier();
}

/** Reads the status of the application, and the server's time with it. */
export async function refreshStatus() {
  const { id } = held();
  try {
    const status = await call('GET', `/v1/applications/${id}`, { bearer: accessToken() });
    if (state.held?.id !== id) return;
    if (status.status !== 'approved') await dropSession();
    await keepHeld({ ...state.held, status });
    await decided();
  } catch (err) {
    await lost(err);
    throw err;
  }
}
