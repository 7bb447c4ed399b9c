/**
 * The first view and 温馨服务, through which passengers find the temporary ID (rules T03, T04).
 * @module
 */

import { now } from '../ui/clock.js';
import { when } from '../ui/language.js';
import { html, nothing } from '../ui/page.js';
import { adopt, openSession, progress } from './flow.js';
import { active, loadList } from './list.js';
import { bearer, loginNow } from './login.js';
import { endOf } from './session.js';
import { state, takeBack } from './state.js';
import { t } from './texts.js';

/** @typedef {import('../ui/page.js').View} View */

/** Shows what can be done at once: the code, the application that waits, or a new application. @returns {View} */
function hero() {
  const { held, session, earlier } = state;
  const seconds = now() / 1000;
  if (session && endOf(session) > seconds) {
    return html`<section class="hero live"><h2>${t('showing')}</h2><p>${t('showingLeft', Math.ceil((endOf(session) - seconds) / 60))}</p>
      <a class="button wide light" href="#code">${t('showCode')}</a></section>`;
  }
  const approved = held?.status.status === 'approved' ? held.status : active();
  if (approved && (approved.expires_at ?? 0) > seconds) {
    const open = () => progress.run(async () => {
      await adopt(approved);
      await openSession();
    });
    return html`<section class="hero live"><h2>${t('approvedTitle')}</h2><p>${t('validUntil', when(approved.expires_at ?? 0))}</p>
      <button type="button" class="wide light" aria-busy=${progress.busy} ?disabled=${progress.busy} @click=${open}>${t('showCode')}</button></section>${progress.fault()}`;
  }
  if (held && ['submitted', 'checked'].includes(held.status.status)) {
    return html`<section class="hero"><h2>${t('pendingTitle')}</h2><p>${t('pendingText')}</p><a class="button wide light" href="#result">${t('pendingGo')}</a></section>
      ${state.prior ? html`<section class="card"><h2 class="first">${t('approvedTitle')}</h2><p>${t('validUntil', when(state.prior.held.status.expires_at ?? 0))}</p>
        <button type="button" class="second wide" @click=${() => void takeBack()}>${t('takeBack')}</button></section>` : nothing}`;
  }
  return html`<section class="hero"><h2>${t('heroTitle')}</h2><p>${t('heroText')}</p><a class="button wide light" href="#apply">${t('heroApply')}</a></section>
    ${earlier > seconds && !bearer() ? html`<section class="card"><h2 class="first">${t('earlierTitle')}</h2><p>${t('earlierText', when(earlier))}</p>
      <a class="button second wide" href="#return">${t('earlierGo')}</a></section>` : nothing}`;
}

/**
 * @param {string} to
 * @param {string} icon
 * @param {unknown} title
 * @param {string} text
 */
function row(to, icon, title, text) {
  return html`<li><a class="row" href=${to}><span class="icon ${icon}" aria-hidden="true"></span><span class="what"><b>${title}</b><span class="soft">${text}</span></span></a></li>`;
}

/** @returns {View} */
function homeView() {
  const login = loginNow();
  return html`<main><h1 class="unseen">${t('app')}</h1>${hero()}
    <nav class="card" aria-labelledby="more"><h2 class="first" id="more">${t('more')}</h2><ul class="rows">
      ${login ? row('#account', 'person', greeting(login.account.name), t('helloText')) : row('#login', 'person', t('logIn'), t('logInText'))}
      ${row('#records', 'list', t('records'), t('recordsText'))}
      ${row('#services', 'heart', t('services'), t('serviceText'))}
    </ul></nav>
    <section class="card"><h2 class="first">${t('rulesTitle')}</h2><ol class="rules"><li>${t('rule1')}</li><li>${t('rule2')}</li><li>${t('rule3')}</li><li>${t('rule4')}</li><li>${t('rule5')}</li></ol></section></main>`;
}

/** @param {string} name */
function greeting(name) {
  const [before, after] = t('hello', '\0').split('\0');
  return html`${before}<bdi>${name}</bdi>${after}`;
}

/** @returns {View} */
function servicesView() {
  return html`<main><h1>${t('services')}</h1>
    <nav class="card" aria-label=${t('services')}><ul class="rows">
      ${row('#apply', 'card-id', t('service'), t('serviceText'))}
      ${bearer() ? nothing : row('#return', 'eye', t('viewAgain'), t('viewAgainText'))}
      ${row('#records', 'list', t('records'), t('recordsText'))}
      ${row('#passengers', 'people', t('passengers'), t('passengersText'))}
      ${row('#notice', 'book', t('notice'), t('noticeText'))}
      ${row('#privacy', 'shield', t('privacy'), t('privacyText'))}
    </ul></nav></main>`;
}

function enter() {
  if (!progress.busy) progress.faults = {};
  const undecided = ['submitted', 'checked', 'approved'].includes(state.held?.status.status ?? '');
  if (state.prior && !undecided) void takeBack(); // the further application was refused
  void loadList();
}

export const home = { view: homeView, enter };
export const services = { view: servicesView };
