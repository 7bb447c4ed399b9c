/**
 * The views of the account, by the first segment of the fragment.
 * @module
 */

import { announce, html, nothing, route, update } from '../../ui/page.js';
import { stop } from '../face.js';
import { loginState } from '../login.js';
import { accountCodeView, forgetCode } from './account-code.js';
import { closedView, closeView, enterClose } from './close.js';
import { leaveEntry, loginView, logoutView, registerView } from './entry.js';
import { enterHeld, heldApplicationView, heldView } from './held.js';
import { requireLogin, takeSaid } from './load.js';
import { meView } from './me.js';
import { noticeView } from './notice.js';
import { enterDelete, enterPassengerEdit, enterPassengers, passengerAddView, passengerDeleteView, passengerEditView, passengerView } from './passenger.js';
import { passengersView } from './passengers.js';
import { clearPasswords, enterRecovery, passwordView, recoverView } from './password.js';
import { enterPhone, phoneView } from './phone.js';
import { consentView, enterPolicy, privacyView } from './policy.js';
import { enterEdit, hideData, profile, profileEditView, profileView } from './profile.js';
import { enterVerify, verifyView } from './verify.js';

/** @typedef {import('../../ui/page.js').View} View */

/** What the last action said, shown above the view. */
let said = '';

/** @param {() => View} view @returns {() => View} */
const below = (view) => () => html`<main class="account">${said ? html`<div class="notice good" role="status"><p>${said}</p></div>` : nothing}${view()}</main>`;

/** @returns {View} */
function passengers() {
  const [, place, what] = route();
  if (!place) return passengersView();
  if (place === 'add') return passengerAddView();
  if (what === 'edit') return passengerEditView();
  return what === 'delete' ? passengerDeleteView() : passengerView();
}

/** @type {Record<string, () => View>} */
const all = {
  account: meView, login: loginView, logout: logoutView, register: registerView, recover: recoverView,
  profile: () => (route()[1] === 'edit' ? profileEditView() : profileView()), password: passwordView, phone: phoneView, verify: verifyView,
  passengers, 'account-code': accountCodeView, notice: noticeView, privacy: privacyView, consent: consentView,
  data: () => (route()[1] === 'application' ? heldApplicationView() : heldView()), close: closeView, closed: closedView,
};

/**
 * Each draws the main element of the page, with one h1.
 * @type {Record<string, () => View>}
 */
export const views = Object.fromEntries(Object.entries(all).map(([name, view]) => [name, below(view)]));

/** Views for logged-in people. */
const OWN = new Set(['profile', 'password', 'phone', 'verify', 'passengers', 'account-code', 'consent', 'close', 'logout']);

/** Returns the view above the present one, for the link that leads back. */
export function above() {
  const [name, ...more] = route();
  if (name === 'passengers' && more.length) return ['passengers', ...more.slice(0, -1)].join('/');
  if (name === 'data' && more.length) return 'result';
  if (more.length) return name === 'phone' ? 'verify' : name;
  return ['account', 'login', 'notice', 'privacy', 'closed'].includes(name) ? '' : ['register', 'recover'].includes(name) ? 'login' : 'account';
}

/** The view that was entered last. */
let last = '';

/**
 * Erases what no other view may show: typed passwords, a code, unmasked data. Turns the camera off.
 * @param {string} [name] of the view that is entered; empty: none of the account
 */
export function leave(name = '') {
  if (last !== name) {
    leaveEntry();
    clearPasswords();
    forgetCode();
    hideData();
    stop();
  }
  last = name;
}

/**
 * Prepares the view of the address: reads what it shows, or opens the log-in first. It is called after each change of the
 * address to a view of this module.
 */
export async function enter() {
  const [name, ...more] = route();
  leave(name);
  said = takeSaid();
  if (said) announce(said);
  update();
  const own = OWN.has(name) || (name === 'data' && more[0] !== 'application');
  if (own && !(await requireLogin())) return;
  if (route()[0] !== name) return; // left meanwhile
  switch (name) {
    case 'account': case 'login': return void (await loginState().catch(() => null));
    case 'register': case 'privacy': case 'consent': return enterPolicy();
    case 'recover': return enterRecovery();
    case 'phone': return enterPhone(more[0]);
    case 'profile':
      if (more[0] === 'edit') enterEdit();
      await profile.load();
      return more[0] === 'edit' ? enterEdit() : undefined;
    case 'verify': return enterVerify();
    case 'passengers':
      enterPassengers();
      if (more[1] === 'edit') await enterPassengerEdit();
      return more[1] === 'delete' ? enterDelete() : undefined;
    case 'data': return enterHeld(more[0]);
    case 'close': return enterClose();
  }
}
