/**
 * Verifying the phone with a code (rule G40): needed for verification online and for a forgotten password.
 * @module
 */

import { now } from '../../ui/clock.js';
import { Form } from '../../ui/form.js';
import { language, when } from '../../ui/language.js';
import { html, nothing } from '../../ui/page.js';
import { loginNow, onLogin, setProfile } from '../login.js';
import { codeField, Countdown, digits } from './code-entry.js';
import { ask, leaveTo, say, withLogin } from './load.js';
import { maskPhone } from './person.js';
import { hidePasswords, passwordField, showPasswords } from './secret.js';
import { t } from './texts.js';

/** A number gets one code a minute, seconds: POST /v1/account/phone/codes. */
const PAUSE = 60;

const form = new Form({ phone: '', code: '', password: '' }, {
  phone_invalid: 'phone', phone_not_served: 'phone', code_wrong: 'code', password_wrong: 'password', too_many_codes: 'phone', code_unavailable: 'phone',
});

/** @type {{phone: string, until: Countdown, again: Countdown} | null} the code that was sent last */
let sent = null;

/** The view that led here. */
let back = 'account';

onLogin((change) => {
  if (change === 'in') return;
  sent = null;
  Object.assign(form.values, { phone: '', code: '', password: '' });
});

/**
 * Prepares the view: the account's phone is filled in.
 * @param {string} [from] the view to return to
 */
export function enterPhone(from) {
  back = from === 'verify' ? 'verify' : 'account';
  if (!form.values.phone) form.values.phone = loginNow()?.account.phone ?? '';
  if (sent?.until.over) sent = null;
}

const send = () => form.run(() => withLogin(async () => {
  const phone = digits(form.values.phone);
  if (!phone) return form.refuse('phone', t('phoneMissing'));
  const answer = await ask('POST', '/v1/account/phone/codes', { phone, language: language() });
  sent = { phone, until: new Countdown(answer.expires_at), again: new Countdown(Math.floor(now() / 1000) + PAUSE) };
  form.values.code = '';
})(form.values));

/** Draws the verification: first the number, then code and password. */
export function phoneView() {
  const profile = loginNow()?.account;
  const waits = sent && sent.phone === digits(form.values.phone) && !sent.again.over;
  return html`<h1>${t('phoneVerify')}</h1>
    ${profile?.phone_verified_at ? html`<div class="notice good"><p>${t('phoneDone', maskPhone(profile.phone ?? ''), when(profile.phone_verified_at, { dateStyle: 'medium' }))}</p></div>` : nothing}
    <p>${t('phoneWhy')}</p>
    <form class="card" novalidate @submit=${form.submit(withLogin(async (values) => {
      if (!sent) return form.refuse('phone', t('codeFirst'));
      const code = digits(values.code);
      if (!/^\d{6}$/.test(code)) form.refuse('code', t('codeForm'));
      if (!values.password) form.refuse('password', t('passwordMissing'));
      if (!/^\d{6}$/.test(code) || !values.password) return;
      setProfile(await ask('POST', '/v1/account/phone/verifications', { phone: sent.phone, code, password: values.password }));
      sent = null;
      Object.assign(form.values, { code: '', password: '' });
      hidePasswords();
      say(t('phoneVerified2'));
      leaveTo(back);
    }))}>
      ${form.field('phone', { label: t('phone'), max: 24, type: 'tel', inputmode: 'tel', autocomplete: 'tel', hint: t('phoneHint') })}
      <p><button type="button" class="second" aria-busy=${form.busy && !sent} ?disabled=${form.busy || waits} @click=${send}>${waits && sent ? t('codeAgainIn', sent.again.text()) : t(sent ? 'codeAgain' : 'codeGet')}</button></p>
      ${sent ? html`<p role="status">${t('codeSent', maskPhone(sent.phone))}</p>${codeField(form, sent.until)}${passwordField(form, { hint: t('phonePassword') })}${showPasswords()}` : nothing}
      ${form.fault()}
      ${sent ? html`<button class="wide" aria-busy=${form.busy}>${t('phoneVerify')}</button>` : nothing}
    </form>`;
}
