/**
 * Passwords: changing it, and setting a new one with a code to the verified phone when it is forgotten.
 * @module
 */

import { call, Problem, Unreachable } from '../../ui/http.js';
import { Form } from '../../ui/form.js';
import { language, pick } from '../../ui/language.js';
import { go, html, update } from '../../ui/page.js';
import { loginGone, onLogin, refresh } from '../login.js';
import { codeField, Countdown, digits } from './code-entry.js';
import { ask, leaveTo, say, withLogin } from './load.js';
import { hidePasswords, newPasswordFields, passwordComplete, passwordField, showPasswords } from './secret.js';
import { t } from './texts.js';

const change = new Form({ password: '', new_password: '', again: '' }, { password_wrong: 'password', password_invalid: 'new_password', password_too_common: 'new_password' });

/** Whether a change was sent without an answer: the new password may be set. */
let unanswered = false;

onLogin(() => clearPasswords());

/** Erases what was typed. */
export function clearPasswords() {
  for (const form of [change, finish]) for (const name of ['password', 'new_password', 'again', 'code']) if (name in form.values) form.values[name] = '';
  change.faults = {};
  hidePasswords();
}

/** Draws the change of the password. */
export function passwordView() {
  return html`<h1>${t('passwordChange')}</h1>
    <form class="card" novalidate @submit=${change.submit(withLogin(async (values) => {
      if (!values.password) return change.refuse('password', t('passwordMissing'));
      if (!passwordComplete(change, 'new_password')) return;
      try {
        await ask('PUT', '/v1/account/password', { password: values.password, new_password: values.new_password });
      } catch (err) {
        if (err instanceof Unreachable) unanswered = true;
        if (unanswered && err instanceof Problem && err.code === 'password_wrong') return change.refuse('password', t('passwordMaybe'));
        throw err;
      }
      unanswered = false;
      clearPasswords();
      say(t('passwordChanged'));
      leaveTo('account');
    }))}>
      ${passwordField(change, { label: t('passwordNow') })}${newPasswordFields(change, 'new_password')}${showPasswords()}${change.fault()}
      <button class="wide" aria-busy=${change.busy}>${t('passwordChange')}</button>
      <p class="hint">${t('passwordOthers')}</p>
    </form>`;
}

const begin = new Form({ login_name: '', phone: '' }, { login_name_invalid: 'login_name', phone_invalid: 'phone', phone_not_served: 'phone' });
const finish = new Form({ code: '', new_password: '', again: '' }, { recovery_failed: 'code', password_invalid: 'new_password', password_too_common: 'new_password' });

/** @type {{recovery: string, until: Countdown} | null} */
let recovery = null;

/** Begins again with another login name or phone. */
function restart() {
  recovery = null;
  finish.faults = {};
  update();
}

/** Draws the way out of a forgotten password: first name and phone, then code and new password. */
export function recoverView() {
  return recovery ? finishView(recovery) : beginView();
}

function beginView() {
  return html`<h1>${t('recover')}</h1>
    <ol class="steps"><li aria-current="step">${t('recoverStep1')}</li><li>${t('recoverStep2')}</li></ol>
    <form class="card" novalidate @submit=${begin.submit(async (values) => {
      const login_name = values.login_name.trim();
      const phone = digits(values.phone);
      if (!login_name) begin.refuse('login_name', t('loginNameMissing'));
      if (!phone) begin.refuse('phone', t('phoneMissing'));
      if (!login_name || !phone) return;
      const begun = await call('POST', '/v1/recoveries', { body: { login_name, phone, language: language() } });
      recovery = { recovery: begun.recovery, until: new Countdown(begun.expires_at) };
    })}>
      ${begin.field('login_name', { label: t('loginName'), max: 30, autocomplete: 'username' })}
      ${begin.field('phone', { label: t('phoneVerified'), max: 24, type: 'tel', inputmode: 'tel', autocomplete: 'tel' })}${begin.fault()}
      <button class="wide" aria-busy=${begin.busy}>${t('codeGet')}</button>
      <p class="hint">${t('recoverElse')}</p>
    </form>`;
}

/** @param {{recovery: string, until: Countdown}} of */
function finishView(of) {
  return html`<h1>${t('recover')}</h1>
    <ol class="steps"><li>${t('recoverStep1')}</li><li aria-current="step">${t('recoverStep2')}</li></ol>
    <div class="notice"><p>${t('recoverSent')}</p></div>
    <form class="card" novalidate @submit=${finish.submit(async (values) => {
      const code = digits(values.code);
      const codeFine = /^\d{6}$/.test(code);
      if (!codeFine) finish.refuse('code', t('codeForm'));
      if (!passwordComplete(finish, 'new_password') || !codeFine) return;
      const done = await call('POST', '/v1/recoveries/password', { body: { recovery: of.recovery, code, new_password: values.new_password } });
      recovery = null;
      clearPasswords();
      await refresh().catch((err) => err instanceof Problem && loginGone()); // all logins of the account have ended
      say(`${t('recovered')} ${pick(done.notice)}`);
      go('login', { replace: true });
    })}>
      ${codeField(finish, of.until)}
      ${newPasswordFields(finish, 'new_password')}${showPasswords()}${finish.fault()}
      <button class="wide" aria-busy=${finish.busy}>${t('passwordSet')}</button>
      <p class="links"><button type="button" class="quiet" @click=${restart}>${t('recoverAgain')}</button></p>
    </form>`;
}

/** Begins again if the time of the code is over. */
export function enterRecovery() {
  if (recovery?.until.over) restart();
}
