/**
 * The line at the top of every view: where it leads back, online or offline, and the age of the data.
 * @module
 */

import { go, html, nothing } from '../ui/page.js';
import { span } from './span.js';
import { engine } from './state.js';
import { one, t } from './texts.js';

/** Online or offline, the age of the data, and what waits. It leads to the explanation. */
export function statusLine() {
  const { mode, bundle, fault, queue, conflicts } = engine().status;
  const onlineOnly = fault === 'not_allowed' && mode === 'online';
  const old = bundle && ['stale', 'expired', 'clock_doubted'].includes(bundle.state);
  return html`<nav class="line ${mode}" aria-label=${t('statusLabel')}>
    <a href="#data"><span class="lamp" aria-hidden="true"></span><b>${t(mode)}</b><span class="age ${old || !bundle && !onlineOnly ? 'old' : ''}">${bundle ? t('ageOf', one(span(bundle.age))) : t(onlineOnly ? 'onlineOnly' : 'noData')}</span></a>
    ${queue.waiting > 0 ? html`<a href="#queue">${t('waitingCount', queue.waiting)}</a>` : nothing}
    ${conflicts > 0 ? html`<a class="alarm" href="#conflicts">${t('conflictCount', conflicts)}</a>` : nothing}
  </nav>`;
}

/**
 * Frames a view with its title, the way back and the status.
 * @param {string} title
 * @param {unknown} content
 * @param {{back?: string | null}} [how] back: the view to which the arrow leads; null: none
 */
export function frame(title, content, { back = 'menu' } = {}) {
  return html`<header class="top">
      ${back === null ? nothing : html`<button type="button" class="arrow" aria-label=${t('back')} @click=${() => go(back)}><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M15 5l-7 7 7 7"/></svg></button>`}
      <h1>${title}</h1></header>
    ${engine().state === 'ready' ? statusLine() : nothing}
    <main class="page">${content}</main>`;
}

/** Warns where scans do not outlive the page. */
export function storageNote() {
  const { lasting, why } = engine().status.storage;
  return lasting ? nothing : html`<p class="notice warn">${t(why === 'failing' ? 'notStored' : 'notLasting')}</p>`;
}
