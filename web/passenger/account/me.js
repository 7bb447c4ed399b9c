/**
 * 我的账户: who is logged in, and the way to every view of the account.
 * @module
 */

import { html, nothing } from '../../ui/page.js';
import { loginNow } from '../login.js';
import { documentName, maskNumber } from './person.js';
import { chip, windowOnly } from './status.js';
import { t } from './texts.js';

/** @param {string} to @param {string} text @param {unknown} [beside] */
const row = (to, text, beside = nothing) => html`<li><a class="row" href="#${to}"><span>${text}</span>${beside === nothing ? nothing : html`<span class="beside">${beside}</span>`}</a></li>`;

/** Draws the menu of the account; for people who are not logged in, the ways in. */
export function meView() {
  const of = loginNow()?.account;
  if (!of) {
    return html`<h1>${t('me')}</h1>
      <div class="card"><p>${t('meOut')}</p><p class="stack"><a class="button wide" href="#login">${t('login')}</a><a class="button second wide" href="#register">${t('register')}</a></p></div>
      <nav class="card" aria-label=${t('help')}><ul class="rows">${row('notice', t('notice'))}${row('privacy', t('privacy'))}</ul></nav>`;
  }
  const online = of.document_type === 'resident_id' && (of.status === 'pending' || of.status === 'failed') && !windowOnly(of);
  return html`<h1>${t('me')}</h1>
    ${of.consent_due ? html`<div class="notice warn"><p>${t('consentWhy')}</p><p><a class="button" href="#consent">${t('consentTitle')}</a></p></div>` : nothing}
    <section class="card person" aria-label=${t('profile')}>
      <div class="between"><p class="big"><bdi>${of.name}</bdi></p>${chip(of.status)}</div>
      <p class="soft">${documentName(of.document_type)} <span class="number">${maskNumber(of.document_number)}</span></p>
      ${online ? html`<p><a class="button" href="#verify">${t('verify')}</a></p>` : nothing}
    </section>
    <nav class="card" aria-label=${t('me')}><ul class="rows">
      ${row('profile', t('profile'))}
      ${row('passengers', t('passengers'))}
      ${row('phone', t('phoneVerify'), html`<span class=${of.phone_verified_at ? 'good' : 'warn'}>${t(of.phone_verified_at ? 'phoneIs' : 'phoneIsNot')}</span>`)}
      ${row('password', t('passwordChange'))}
      ${row('account-code', t('accountCode'))}
    </ul></nav>
    <nav class="card" aria-label=${t('help')}><ul class="rows">
      ${row('notice', t('notice'))}${row('privacy', t('privacy'))}${row('data', t('data'))}${row('close', t('close'))}
    </ul></nav>
    <p><a class="button second wide" href="#logout">${t('logout')}</a></p>`;
}
