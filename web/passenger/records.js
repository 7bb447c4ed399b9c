/**
 * The applications of the last month (rule A13): of the account with a login, of this page without one.
 * @module
 */

import { when } from '../ui/language.js';
import { html, nothing } from '../ui/page.js';
import { now } from '../ui/clock.js';
import { left, list, loadList } from './list.js';
import { bearer } from './login.js';
import { state } from './state.js';
import { t } from './texts.js';
import { w } from './waytexts.js';

/** @typedef {import('../ui/page.js').View} View */
/** @typedef {import('./state.js').Status} Status */

const FULL = /** @type {const} */ ({ year: 'numeric', month: 'numeric', day: 'numeric', hour: '2-digit', minute: '2-digit' });
const REASONS = /** @type {const} */ (['quota_exceeded', 'renewal_too_early', 'identity_not_confirmed', 'document_cancelled']);

/**
 * Returns word and tone of a status.
 * @param {Status} a
 * @returns {[string, string]}
 */
function statusOf(a) {
  switch (a.status) {
    case 'approved': return [w('approved'), 'good'];
    case 'refused': return [w('refused'), 'bad'];
    case 'submitted': return [w('submitted'), 'warn'];
    case 'checked': return [w('checked'), 'warn'];
    case 'superseded': return [w('superseded'), 'soft'];
    case 'revoked': return [w('revoked'), 'bad'];
    default: return [a.expires_at ? w('expired') : w('expiredPending'), 'soft'];
  }
}

/** @param {Status} a */
function item(a) {
  const [word, tone] = statusOf(a);
  const reason = REASONS.find((code) => code === a.refused_for);
  return html`<li><p><span class="chip ${tone}">${word}</span></p><dl class="facts"><dt>${w('appliedAt')}</dt><dd>${when(a.submitted_at, FULL)}</dd>
    ${a.expires_at ? html`<dt>${a.status === 'approved' ? w('validUntil') : w('endedAt')}</dt><dd>${when(a.expires_at, FULL)}</dd>` : nothing}
    ${a.serial ? html`<dt>${w('serial')}</dt><dd class="number">${a.serial}</dd>` : nothing}
    ${a.status === 'refused' ? html`<dt>${w('reason')}</dt><dd>${w(reason ?? 'otherReason')}</dd>` : nothing}</dl></li>`;
}

/** @returns {View} */
function mine() {
  if (list.fault) return html`<div class="notice bad" role="alert"><p>${list.fault.text} ${list.fault.next}</p></div><button type="button" class="wide" @click=${loadList}>${t('retry')}</button>`;
  if (!list.all) return html`<div class="bone"></div><div class="bone"></div>`;
  const n = left(list.all, now());
  return html`<p class="soft">${n > 0 ? w('leftOwn', n) : w('leftNone')} ${w('leftHint')}</p>
    ${list.all.length === 0 ? html`<div class="card"><p>${w('recordsNone')}</p></div>` : html`<ul class="rows card">${list.all.map(item)}</ul>`}`;
}

/** @returns {View} */
function anonymous() {
  return html`${state.held ? html`<ul class="rows card">${item(state.held.status)}</ul>` : nothing}
    <div class="card"><p>${w('recordsAnonymous')}</p><a class="button second wide" href="#login">${w('recordsLogIn')}</a></div>`;
}

export const part = {
  /** @returns {View} */
  view: () => html`<main aria-busy=${list.busy}><h1>${w('recordsTitle')}</h1>${bearer() ? mine() : anonymous()}</main>`,
  enter: () => void loadList(),
};
