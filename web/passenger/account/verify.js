/**
 * 人证核验: verifying the holder's resident ID card online (rule G39), by face check and resident registry.
 * @module
 */

import { Problem, Unreachable } from '../../ui/http.js';
import { Form } from '../../ui/form.js';
import { html } from '../../ui/page.js';
import { faceCard, reset } from '../face.js';
import { loginNow, onLogin, refresh } from '../login.js';
import { ask, leaveTo, say, withLogin } from './load.js';
import { documentName, maskNumber } from './person.js';
import { profile } from './profile.js';
import { chip, guidance, windowOnly } from './status.js';
import { t } from './texts.js';

const form = new Form({});

onLogin(() => {
  form.faults = {};
});

/** @typedef {import('../login.js').Profile} Profile */

/**
 * Returns why the identity cannot be verified online, or null.
 * @param {Profile} of
 * @returns {'verifyDone' | 'verifyOther' | 'verifySpecial' | 'verifyPhone' | null}
 */
export function obstacle(of) {
  if (of.status === 'verified' || of.status === 'pre_verified') return 'verifyDone';
  if (of.document_type !== 'resident_id') return 'verifyOther';
  if (windowOnly(of)) return 'verifySpecial';
  return of.phone_verified_at ? null : 'verifyPhone';
}

/**
 * Sends the evidence of a face check.
 * @param {string} evidence
 */
const send = (evidence) => withLogin(async () => {
  try {
    await ask('POST', '/v1/account/verification', { evidence });
  } catch (err) {
    const unsure = err instanceof Unreachable || (err instanceof Problem && err.code === 'status_change_refused');
    if (!unsure || (await refresh().catch(() => null))?.account.status !== 'verified') throw err; // an earlier request may have verified it
  }
  await refresh();
  say(t('verified'));
  leaveTo('profile');
})({});

/** Prepares the view. */
export function enterVerify() {
  form.faults = {};
  reset();
  void profile.load();
}

/** Draws what is needed, and the face check. */
export function verifyView() {
  return html`<h1>${t('verify')}</h1>${profile.show((known) => {
    const of = loginNow()?.account ?? known;
    const why = obstacle(of);
    return html`<p>${t('verifyWhat')}</p>
      <section class="card"><div class="between"><p class="big"><bdi>${of.name}</bdi></p>${chip(of.status)}</div>
        <p class="soft">${documentName(of.document_type)} <span class="number">${maskNumber(of.document_number)}</span></p></section>
      ${why === 'verifyPhone' ? html`<div class="notice warn"><p>${t(why)}</p></div><a class="button wide" href="#phone/verify">${t('phoneVerify')}</a>`
        : why ? html`<div class="notice ${why === 'verifyDone' ? 'good' : 'warn'}"><p>${t(why)}</p></div>${guidance(of, { own: true })}`
        : faceCard({ progress: form, name: of.name, send })}`;
  })}`;
}
