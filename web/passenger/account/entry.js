/**
 * Entering the account: log in, log out, register.
 * @module
 */

import { call, Problem, Unreachable } from '../../ui/http.js';
import { Form } from '../../ui/form.js';
import { go, html, nothing } from '../../ui/page.js';
import { logIn, loginNow, logOut, onLogin, wasInterrupted } from '../login.js';
import { afterLogin, say } from './load.js';
import { blankPerson, personBody, personComplete, personFields, personPlaces } from './person.js';
import { agreed, consentField, policyChanged } from './policy.js';
import { hidePasswords, newPasswordFields, passwordComplete, passwordField, showPasswords } from './secret.js';
import { t } from './texts.js';

const login = new Form({ login_name: '', password: '' }, { login_failed: 'password' });

/** @param {Record<string, string>} values */
const ready = (values) => ({ login_name: values.login_name.normalize('NFKC').trim(), password: values.password });

/**
 * Draws the log-in, and says why it is shown if a login has ended.
 */
export function loginView() {
  if (loginNow()) return html`<h1>${t('login')}</h1><p>${t('loggedInAs')} <bdi>${loginNow()?.account.login_name}</bdi></p><p class="actions"><a class="button" href="#account">${t('me')}</a><a class="button second" href="#logout">${t('logout')}</a></p>`;
  return html`<h1>${t('login')}</h1>
    ${wasInterrupted() ? html`<div class="notice warn" role="status"><p>${t('loginEnded')}</p></div>` : nothing}
    <form class="card" novalidate @submit=${login.submit(async (values) => {
      const body = ready(values);
      if (!body.login_name) return login.refuse('login_name', t('loginNameMissing'));
      if (!body.password) return login.refuse('password', t('passwordMissing'));
      const granted = await call('POST', '/v1/logins', { body });
      login.values.password = '';
      hidePasswords();
      await logIn(granted, afterLogin());
    })}>
      ${login.field('login_name', { label: t('loginName'), max: 30, autocomplete: 'username' })}
      ${passwordField(login)}${showPasswords()}${login.fault()}
      <button class="wide" aria-busy=${login.busy}>${t('login')}</button>
      <p class="links"><a href="#recover">${t('forgotten')}</a><a href="#register">${t('register')}</a></p>
    </form>
    <p class="soft">${t('loginElse')} <a href="#apply">${t('applyWithout')}</a></p>`;
}

const out = new Form({});

/** Draws the choice between ending this login and ending all. */
export function logoutView() {
  const leave = (/** @type {boolean} */ everywhere) => () => out.run(async () => {
    const told = await logOut({ everywhere });
    say(t(told ? (everywhere ? 'loggedOutAll' : 'loggedOut') : 'loggedOutHere'));
    go('login', { replace: true });
  });
  return html`<h1>${t('logout')}</h1>
    <div class="card"><p>${t('logoutWhat')}</p>${out.fault()}
      <p class="stack"><button type="button" class="wide" aria-busy=${out.busy} ?disabled=${out.busy} @click=${leave(false)}>${t('logoutHere')}</button>
      <button type="button" class="wide second" ?disabled=${out.busy} @click=${leave(true)}>${t('logoutAll')}</button></p>
      <p class="hint">${t('logoutAllHint')}</p></div>`;
}

const blank = { ...blankPerson, login_name: '', password: '', again: '', phone: '', email: '', policy: '' };

const registration = new Form(blank, {
  ...personPlaces, login_name_invalid: 'login_name', login_name_taken: 'login_name', password_invalid: 'password', password_too_common: 'password',
  contact_missing: 'phone', phone_invalid: 'phone', phone_not_served: 'phone', email_invalid: 'email', consent_required: 'policy',
});

onLogin((change) => {
  if (change === 'in') Object.assign(registration.values, blank);
});

/** Whether the registration was sent without an answer: it may have happened. */
let unanswered = false;

/** @param {Record<string, string>} values */
async function register(values) {
  const name = ready(values).login_name;
  const nameFine = /^[A-Za-z][A-Za-z0-9_]{5,29}$/.test(name);
  if (!nameFine) registration.refuse('login_name', t('loginNameForm'));
  const passwordFine = passwordComplete(registration);
  const personFine = personComplete(registration);
  const contactFine = Boolean(values.phone.trim() || values.email.trim());
  if (!contactFine) registration.refuse('phone', t('contactMissing'));
  const version = await agreed(registration);
  if (!nameFine || !passwordFine || !personFine || !contactFine || !version) return;
  const body = {
    login_name: name, password: values.password, policy: version, ...personBody(values),
    ...contactBody(values),
  };
  try {
    await call('POST', '/v1/accounts', { body });
  } catch (err) {
    const taken = err instanceof Problem && (err.code === 'login_name_taken' || err.code === 'identity_registered');
    if (!(taken && unanswered && (await enter(values)))) {
      unanswered = unanswered || err instanceof Unreachable;
      if (err instanceof Problem && err.code === 'consent_required') policyChanged(registration);
      throw err;
    }
    return;
  }
  unanswered = false;
  await enter(values);
}

/**
 * Logs in with what was registered.
 * @param {Record<string, string>} values
 * @returns {Promise<boolean>}
 */
async function enter(values) {
  let granted;
  try {
    granted = await call('POST', '/v1/logins', { body: ready(values) });
  } catch (err) {
    if (err instanceof Problem && err.code === 'login_failed') return false;
    Object.assign(registration.values, blank); // registered: only the log-in is left
    Object.assign(login.values, { login_name: values.login_name, password: '' });
    say(t('registeredLogin'));
    go('login', { replace: true });
    return true;
  }
  hidePasswords();
  say(t('registered'));
  await logIn(granted, 'profile');
  return true;
}

/**
 * Returns phone and e-mail as the API takes them; an empty one is left out.
 * @param {Record<string, string>} values
 */
export function contactBody(values) {
  const phone = values.phone.normalize('NFKC').replace(/[\s()-]/g, '');
  const email = values.email.trim();
  return { ...(phone ? { phone } : {}), ...(email ? { email } : {}) };
}

/** Draws the registration. */
export function registerView() {
  return html`<h1>${t('register')}</h1>
    <form class="card" novalidate @submit=${registration.submit(register)}>
      <h2 class="first">${t('accountPart')}</h2>
      ${registration.field('login_name', { label: t('loginName'), max: 30, hint: t('loginNameHint'), autocomplete: 'username' })}
      ${newPasswordFields(registration)}${showPasswords()}
      <h2>${t('identityPart')}</h2><p class="hint">${t('identityHint')}</p>
      ${personFields(registration, { own: true })}
      <h2>${t('contactPart')}</h2><p class="hint">${t('contactHint')}</p>
      ${contactFields(registration)}
      ${consentField(registration, t('consentOwn'))}${registration.fault()}
      <button class="wide" aria-busy=${registration.busy}>${t('registerDo')}</button>
      <p class="links"><a href="#login">${t('haveAccount')}</a><a href="#notice">${t('notice')}</a></p>
    </form>`;
}

/**
 * Draws the fields of phone and e-mail.
 * @param {Form} form
 */
export function contactFields(form) {
  return html`${form.field('phone', { label: t('phone'), max: 24, type: 'tel', inputmode: 'tel', autocomplete: 'tel', optional: true, hint: t('phoneHint') })}
    ${form.field('email', { label: t('email'), max: 254, type: 'email', inputmode: 'email', autocomplete: 'email', optional: true })}`;
}

/** Forgets passwords when a view is left. */
export function leaveEntry() {
  login.values.password = '';
  login.faults = {};
  hidePasswords();
}

