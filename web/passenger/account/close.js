/**
 * Closing the account: what it will do, whether it is possible now, and the password that confirms it.
 * @module
 */

import { Problem, Unreachable } from '../../ui/http.js';
import { Form } from '../../ui/form.js';
import { pick, when } from '../../ui/language.js';
import { go, html, nothing } from '../../ui/page.js';
import { loginGone, onLogin } from '../login.js';
import { ask, Loaded, withLogin } from './load.js';
import { hidePasswords, passwordField, showPasswords } from './secret.js';
import { t } from './texts.js';

/** @typedef {import('../../ui/language.js').Bilingual} Bilingual */

/** What closing would do now. */
export const closing = new Loaded(async () => /** @type {{allowed: boolean, refused?: {text: Bilingual, next_step?: Bilingual, retry_at?: number}, identity_taken_until?: number}} */ (await ask('GET', '/v1/account/close')));

const form = new Form({ password: '' }, { password_wrong: 'password' });

/** Whether the closing was sent without an answer: the account may be closed. */
let unanswered = false;

onLogin(() => {
  form.values.password = '';
  unanswered = false;
});

const date = (/** @type {number} */ seconds) => when(seconds, { dateStyle: 'long' });

function done() {
  form.values.password = '';
  hidePasswords();
  loginGone();
  go('closed', { replace: true });
}

/** Draws the question. */
export function closeView() {
  return html`<h1>${t('close')}</h1>${closing.show((now) => html`
    <section class="card" aria-labelledby="close-what"><h2 class="first" id="close-what">${t('closeWhat')}</h2>
      <ul class="prose"><li>${t('closeErased')}</li><li>${t('closeLogins')}</li><li>${t('closeApplications')}</li><li>${t('closeConsent')}</li>
        ${now.identity_taken_until ? html`<li><strong>${t('closeTaken', date(now.identity_taken_until))}</strong></li>` : nothing}</ul>
      <p><a href="#data">${t('closeSaveFirst')}</a></p></section>
    ${now.allowed ? html`<form class="card" novalidate @submit=${form.submit(withLogin(async (values) => {
        if (!values.password) return form.refuse('password', t('passwordMissing'));
        try {
          await ask('POST', '/v1/account/close', { password: values.password });
        } catch (err) {
          if (err instanceof Unreachable) unanswered = true;
          else if (unanswered && err instanceof Problem && err.code === 'login_required') return done(); // closed by the request before
          if (err instanceof Problem && err.code === 'tickets_unfinished') void closing.load();
          throw err;
        }
        done();
      }))}>
        <div class="notice bad"><p>${t('closeFinal')}</p></div>
        ${passwordField(form, { label: t('passwordNow') })}${showPasswords()}${form.fault()}
        <p class="actions"><button class="danger grow" aria-busy=${form.busy}>${t('closeDo')}</button><a class="button second" href="#account">${t('cancel')}</a></p>
      </form>` : html`<div class="notice warn"><p><strong>${now.refused ? pick(now.refused.text) : t('closeNot')}</strong></p>
        ${now.refused?.next_step ? html`<p>${pick(now.refused.next_step)}</p>` : nothing}${now.refused?.retry_at ? html`<p>${t('closeFrom', when(now.refused.retry_at, { dateStyle: 'medium', timeStyle: 'short' }))}</p>` : nothing}</div>
        <p><a class="button" href="#account">${t('back')}</a></p>`}`)}`;
}

/** Draws the end. */
export function closedView() {
  return html`<h1>${t('closed')}</h1><div class="notice good"><p>${t('closedWhat')}</p></div><p><a class="button wide" href="#">${t('home')}</a></p>`;
}

/** Clears what an earlier visit left. */
export function enterClose() {
  form.values.password = '';
  form.faults = {};
  void closing.load();
}
