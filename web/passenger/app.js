/**
 * The passenger's page: its views by route, the shell around them, and what must hold before any of them works.
 * @module
 */

import { clock } from '../ui/clock.js';
import { html, languageButton, nothing, route, show, update } from '../ui/page.js';
import { scripts } from '../ui/trusted.js';
import * as code from './code.js';
import { dropSession, load, loggedOut, payOwed, putDown, state } from './state.js';
import { bearer, loginNow, loginState, onLogin } from './login.js';
import { tabPlace, useTab } from './tab.js';
import { t } from './texts.js';

/** @typedef {import('../ui/page.js').View} View */
/** @typedef {{view: () => View, enter?: () => void, exit?: () => void}} Part the views of one route */

/** @type {Record<string, Part>} */
const here = { code: code.part };

/** Routes whose modules are loaded when they are entered. @type {Record<string, () => Promise<{part: Part}>>} */
const later = {
  '': () => import('./home.js').then((m) => ({ part: m.home })),
  services: () => import('./home.js').then((m) => ({ part: m.services })),
  apply: () => import('./apply.js').then((m) => ({ part: m.apply })),
  return: () => import('./apply.js').then((m) => ({ part: m.again })),
  face: () => import('./face.js'),
  result: () => import('./result.js'),
  records: () => import('./records.js'),
};

/** The view above each view, for the link in the header. @type {Record<string, string>} */
const above = { apply: 'services', return: 'services', records: 'services', result: '', face: 'services', code: '' };

/** @type {typeof import('./account/views.js') | null} */
let account = null;
/** Route whose module did not load. @type {string | null} */
let broken = null;
/** Whether a view was entered before. */
let begun = false;
/** @type {Part | null} */
let present = null;

/** Enters the view of the address: loads its module, tells the view that is left and the one that is entered. */
async function enter() {
  if (!state.ready) return;
  const [first] = route();
  if (present && present !== here[first]) present.exit?.();
  present = null;
  broken = null;
  const late = !here[first] && begun;
  begun = true;
  try {
    if (!here[first] && later[first]) here[first] = (await later[first]()).part;
    else if (!here[first] && !account) [account] = await Promise.all([import('./account/views.js'), addStyle('/passenger/account/style.css')]);
  } catch {
    broken = first;
  }
  if (route()[0] === first && broken === null) {
    present = here[first] ?? null;
    if (present) {
      account?.leave();
      present.enter?.();
    } else void account?.enter();
  }
  update();
  if (!late) return;
  await Promise.resolve(); // the drawing
  const heading = document.querySelector('h1');
  heading?.setAttribute('tabindex', '-1');
  if (document.activeElement === document.body) heading?.focus({ preventScroll: true });
}

/**
 * Adds a stylesheet that the first view does not need.
 * @param {string} href
 */
function addStyle(href) {
  const link = document.createElement('link');
  link.rel = 'stylesheet';
  link.href = href;
  return new Promise((resolve, reject) => {
    link.onload = resolve;
    link.onerror = reject;
    document.head.append(link);
  });
}

/** @returns {View} */
function view() {
  if (!isSecureContext || !globalThis.crypto?.subtle) return problem(t('insecure'), t('insecureText'));
  if (tabPlace() === 'other') return problem(t('otherTab'), t('otherTabText'), html`<button type="button" class="wide" @click=${() => begin(true)}>${t('otherTabUse')}</button>`);
  if (!state.ready) return html`<main aria-busy="true"><h1 class="unseen">${t('loading')}</h1><div class="bone tall"></div><div class="bone"></div><div class="bone"></div></main>`;
  const [first] = route();
  if (broken === first) return problem(t('loadFault'), t('loadFaultNext'), html`<button type="button" class="wide" @click=${enter}>${t('retry')}</button>`);
  const draw = here[first]?.view ?? account?.views[first];
  if (draw) return draw();
  if (later[first] || !account) return html`<main aria-busy="true"><h1 class="unseen">${t('loading')}</h1><div class="bone tall"></div><div class="bone"></div></main>`;
  return problem(t('unknownPage'), t('unknownPageText'), html`<a class="button wide" href="#">${t('home')}</a>`);
}

/**
 * @param {string} title
 * @param {string} text
 * @param {View | typeof nothing} [action]
 */
function problem(title, text, action = nothing) {
  return html`<main class="plain"><h1>${title}</h1><p>${text}</p>${action}</main>`;
}

/** @returns {View} */
function shell() {
  const [first] = route();
  const code = first === 'code' && state.session !== null && tabPlace() === 'own';
  document.documentElement.classList.toggle('white', code);
  document.title = code ? t('codeTitle') : t('app');
  const start = html`<a class="brand" href="#"><img class="mark" src="/passenger/icon.svg" alt="" width="28" height="28"> ${t('app')}</a>`;
  return html`<header class="bar">${first === ''
    ? html`${start}<a class="top" href="#services">${t('services')}</a>`
    : html`<a class="back" href="#${above[first] ?? account?.above() ?? ''}"><span aria-hidden="true">‹</span> ${t('back')}</a>`}${languageButton()}</header>
    ${state.ready && !state.lasting && first !== 'code' ? html`<div class="strip warn" role="status">${t('notLasting')}</div>` : nothing}
    ${view()}`;
}

/**
 * Begins in this tab, or waits until the person chooses it.
 * @param {boolean} take
 */
function begin(take) {
  useTab(() => void start(take), () => {
    present?.exit?.();
    present = null;
    account?.leave();
    putDown();
  }, take);
}

/** @param {boolean} taken the tab was taken over */
async function start(taken) {
  await loginState().catch(() => null); // without a network the login is as it was
  await load(loginNow()?.account.account ?? (bearer() ? null : ''), taken);
  await enter();
}

onLogin((change) => {
  if (change === 'out') void loggedOut();
  if (change === 'expired' && state.held?.account) void dropSession(); // gates refuse its codes
  if (state.ready) present?.enter?.();
});
addEventListener('online', () => {
  void payOwed();
  update();
});
addEventListener('offline', update);
addEventListener('hashchange', () => void enter());

clock.awake = () => code.isAwake();
show(/** @type {HTMLElement} */ (document.getElementById('page')), shell);
begin(false);

/** The page stays usable without a network; without a service worker it works as long as it is open. */
function keepFiles() {
  if (!('serviceWorker' in navigator) || !isSecureContext) return;
  const url = scripts(['/passenger/sw.js'])('/passenger/sw.js');
  navigator.serviceWorker.register(url, { scope: '/', updateViaCache: 'none' }).catch(() => {});
}
addEventListener('load', keepFiles);
