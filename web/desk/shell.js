/**
 * The desk's frame: bar, navigation by what the credential allows, home page, help, and the present passenger's time.
 * @module
 */

import { html, languageButton, nothing, route } from '../ui/page.js';
import { lock, member } from './login.js';
import { openModal, closeModal } from './modal.js';
import { next, secondsLeft, stay, wasErased } from './personal.js';
import { roleNames, t } from './texts.js';

/** @typedef {import('../ui/page.js').View} View */

/**
 * A view of the desk.
 * @typedef {object} DeskView
 * @property {string} id the fragment
 * @property {() => string} title
 * @property {() => string} [about] one line for the home page
 * @property {() => string} [group] heading in the navigation
 * @property {string[]} [operations] actions of the audit log; the credential needs one of them
 * @property {string[]} [roles] the credential needs one of them; with `operations`, names the posts that may
 * @property {() => View} view it begins with an h1
 * @property {(segments: string[]) => void} [enter] the fragment's segments after the id
 * @property {boolean} [personal] input and content are of a passenger: they are erased after a time
 */

/**
 * Reports whether the credential allows a view.
 * @param {DeskView} v
 */
export function allows(v) {
  const m = member();
  if (!m) return false;
  return v.operations ? v.operations.some((o) => m.actions.includes(o)) : (v.roles ?? []).some((r) => m.roles.includes(r));
}

/** @param {string} role */
const roleName = (role) => roleNames(/** @type {any} */ (role));

/** Number of views with a shortcut. */
const KEYS = 9;

/**
 * Draws the frame around the present view.
 * @param {DeskView[]} all
 */
export function frame(all) {
  const m = /** @type {import('./login.js').Member} */ (member());
  const mine = all.filter(allows);
  const [id] = route();
  const view = all.find((v) => v.id === id);
  return html`<button type="button" class="skip" @click=${() => document.getElementById('content')?.focus()}>${t('toContent')}</button>
    <header class="top">
      <a class="brand" href="#">railgate <span>${t('desk')}</span></a>
      <p class="post"><bdi>${m.name}</bdi>${m.roles.map((r) => html`<span class="chip">${roleName(r)}</span>`)}</p>
      <div class="tools">
        <button type="button" class="quiet" aria-keyshortcuts="F1" @click=${() => openHelp(mine)}>${t('help')}<kbd>F1</kbd></button>
        ${languageButton()}
        <button type="button" class="second" aria-keyshortcuts="Alt+L" @click=${lock}>${t('lock')}<kbd>Alt+L</kbd></button>
      </div>
    </header>
    <div class="work">
      <nav aria-label=${t('services')}>${navigation(mine, id)}</nav>
      <main id="content" tabindex="-1">${turn()}${view && allows(view) ? view.view() : view ? refused(view) : id === '' ? home(mine) : unknown()}</main>
    </div>`;
}

/**
 * @param {DeskView[]} mine
 * @param {string} id
 */
function navigation(mine, id) {
  /** @type {Map<string, DeskView[]>} */
  const groups = new Map();
  for (const v of mine) {
    const group = v.group?.() ?? '';
    groups.set(group, [...(groups.get(group) ?? []), v]);
  }
  return html`<ul class="places"><li><a href="#" aria-current=${id === '' ? 'page' : nothing}>${t('home')}<kbd>Alt+0</kbd></a></li></ul>
    ${[...groups].map(([group, views]) => html`${group ? html`<h2>${group}</h2>` : nothing}<ul class="places">
      ${views.map((v) => html`<li><a href="#${v.id}" aria-current=${v.id === id ? 'page' : nothing} aria-keyshortcuts=${shortcut(mine, v) || nothing}>${v.title()}${keyOf(mine, v)}</a></li>`)}</ul>`)}`;
}

/**
 * @param {DeskView[]} mine
 * @param {DeskView} v
 */
function shortcut(mine, v) {
  const i = mine.indexOf(v);
  return i >= 0 && i < KEYS ? `Alt+${i + 1}` : '';
}

/**
 * @param {DeskView[]} mine
 * @param {DeskView} v
 */
function keyOf(mine, v) {
  const key = shortcut(mine, v);
  return key ? html`<kbd>${key}</kbd>` : nothing;
}

/** The strip that says that a passenger's data are shown, and until when. */
function turn() {
  const left = secondsLeft();
  if (left === null) return wasErased() ? html`<div class="notice warn"><p>${t('erased')}</p></div>` : nothing;
  return html`<div class="turn ${left <= 30 ? 'soon' : ''}"><span>${left <= 30 ? t('erasedIn', left) : t('present')}</span>
    ${left <= 30 ? html`<button type="button" class="quiet" @click=${stay}>${t('keepOn')}</button>` : nothing}
    <button type="button" class="second" aria-keyshortcuts="Alt+N" @click=${next}>${t('next')}<kbd>Alt+N</kbd></button></div>`;
}

/** @param {DeskView[]} mine */
function home(mine) {
  if (!mine.length) return html`<h1>${t('desk')}</h1><div class="notice warn"><p>${t('noService')}</p></div>`;
  return html`<h1>${t('homeTitle')}</h1><p class="soft">${t('homeHint')}</p>
    <ul class="tiles">${mine.map((v) => html`<li><a class="tile" href="#${v.id}"><strong>${v.title()}</strong>${keyOf(mine, v)}<span>${v.about?.() ?? ''}</span></a></li>`)}</ul>`;
}

/** @param {DeskView} v */
function refused(v) {
  return html`<h1>${v.title()}</h1><div class="notice bad"><p><strong>${t('notAllowed')}</strong></p><p>${t('notAllowedNext')}</p>
    ${v.roles ? html`<p>${t('allowedFor')}: ${v.roles.map(roleName).join(' · ')}</p>` : nothing}</div>
    <a class="button second" href="#">${t('backHome')}</a>`;
}

function unknown() {
  return html`<h1>${t('noView')}</h1><a class="button second" href="#">${t('backHome')}</a>`;
}

/** @param {DeskView[]} mine */
function openHelp(mine) {
  const row = (/** @type {string} */ key, /** @type {string} */ text) => html`<dt><kbd>${key}</kbd></dt><dd>${text}</dd>`;
  openModal({
    view: () => html`<h2 id="modal-title">${t('keysTitle')}</h2>
      <div class="pair">${mine.length ? html`<div><h3>${t('keysViews')}</h3><dl class="facts keys">${mine.map((v) => shortcut(mine, v) ? row(shortcut(mine, v), v.title()) : nothing)}</dl></div>` : nothing}
      <div><h3>${t('keysOther')}</h3><dl class="facts keys">${row('Alt+0', t('keyHome'))}${row('Alt+N', t('keyNext'))}${row('Alt+L', t('keyLock'))}${row('F1', t('keyHelp'))}${row('Esc', t('keyEsc'))}</dl></div></div>
      <p class="soft">${t('helpScanner')}</p><p class="soft">${t('helpPersonal')}</p>
      <div class="actions"><button type="button" @click=${closeModal}>${t('close')}</button></div>`,
  });
}

/**
 * Acts on a shortcut of the desk.
 * @param {KeyboardEvent} e
 * @param {DeskView[]} all
 */
export function onKey(e, all) {
  const mine = all.filter(allows);
  if (e.key === 'F1') {
    openHelp(mine);
  } else if (e.altKey && !e.ctrlKey && !e.metaKey) {
    const digit = /^Digit(\d)$/.exec(e.code)?.[1];
    if (digit === '0') location.hash = '';
    else if (digit && mine[Number(digit) - 1]) location.hash = mine[Number(digit) - 1].id;
    else if (e.code === 'KeyN') next();
    else if (e.code === 'KeyL') lock();
    else return;
  } else return;
  e.preventDefault();
}
