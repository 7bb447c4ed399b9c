/**
 * Fields for passwords, with the box that shows what is typed, and the checks of a new password before the request.
 * @module
 */

import { live } from '../../npm/lit-html/directives/live.js';
import { html, update } from '../../ui/page.js';
import { t } from './texts.js';

/** @typedef {import('../../ui/form.js').Form} Form */

let visible = false;

/** Hides passwords again: a view with passwords is left. */
export function hidePasswords() {
  visible = false;
}

/**
 * Draws the field of the present password.
 * @param {Form} form
 * @param {{name?: string, label?: string, hint?: string}} [how]
 */
export function passwordField(form, { name = 'password', label = t('password'), hint } = {}) {
  return form.field(name, { label, hint, max: 128, type: visible ? 'text' : 'password', autocomplete: 'current-password' });
}

/**
 * Draws the fields of a new password, entered twice.
 * @param {Form} form
 * @param {string} [name]
 */
export function newPasswordFields(form, name = 'password') {
  const type = visible ? 'text' : 'password';
  return html`${form.field(name, { label: t(name === 'password' ? 'password' : 'passwordNew'), hint: t('passwordHint'), max: 128, type, autocomplete: 'new-password' })}
    ${form.field('again', { label: t('passwordAgain'), max: 128, type, autocomplete: 'new-password' })}`;
}

/** Draws the box that shows the passwords. */
export function showPasswords() {
  return html`<label class="check spaced"><input type="checkbox" name="show" .checked=${live(visible)} @change=${(/** @type {Event} */ e) => {
    visible = /** @type {HTMLInputElement} */ (e.target).checked;
    update();
  }}> <span>${t('passwordShow')}</span></label>`;
}

/**
 * Shows what is wrong with a new password.
 * @param {Form} form
 * @param {string} [name]
 * @returns {boolean} whether it can be sent
 */
export function passwordComplete(form, name = 'password') {
  const password = form.values[name];
  if (new TextEncoder().encode(password.normalize('NFKC')).length < 8) form.refuse(name, t('passwordShort'));
  else if (password !== form.values.again) form.refuse('again', t('passwordDiffers'));
  else return true;
  return false;
}
