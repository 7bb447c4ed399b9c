/**
 * 常用联系人: the list with statuses, counts and limits (rules B2 to B4).
 * @module
 */

import { pick, when } from '../../ui/language.js';
import { html, nothing, update } from '../../ui/page.js';
import { onLogin } from '../login.js';
import { ask, Loaded } from './load.js';
import { documentName, kindOf, maskNumber } from './person.js';
import { chip, COUNTED, LIMITS, STATUSES } from './status.js';
import { t } from './texts.js';

/** @typedef {import('../../ui/language.js').Bilingual} Bilingual */

/**
 * A passenger of the answer of `GET /v1/account/passengers`.
 * @typedef {object} Passenger
 * @property {string} passenger
 * @property {string} name
 * @property {boolean} name_cut
 * @property {boolean} name_uncommon
 * @property {boolean} substituted
 * @property {string} document_type
 * @property {string} document_number
 * @property {string} [nationality]
 * @property {import('./status.js').Status} status
 * @property {Bilingual} status_text
 * @property {Bilingual} next_step
 * @property {Bilingual} [contact]
 * @property {number} added_at
 * @property {number} tickets
 * @property {number} version
 * @property {boolean} [holder_original_needed]
 */

/** @typedef {Omit<Passenger, 'passenger' | 'added_at'> & {own_tickets: number}} Holder */

/** The list as the server has it now. */
export const list = new Loaded(async () => /** @type {{holder: Holder, passengers: Passenger[]}} */ (await ask('GET', '/v1/account/passengers')));

/**
 * Counts a list as the rules do.
 * @param {{status: string}[]} passengers
 */
export function counts(passengers) {
  return {
    listed: passengers.filter((p) => COUNTED.includes(p.status)).length,
    toBeSubmitted: passengers.filter((p) => p.status === 'to_be_submitted').length,
    unchecked: passengers.filter((p) => !COUNTED.includes(p.status)).length,
  };
}

/**
 * Returns the document types that an account can add (rule B2); none if it can add no passenger.
 * @param {{document_type: string, status: string}} holder
 * @returns {readonly string[]}
 */
export function addable(holder) {
  const others = ['passport', 'hk_macau_permit', 'taiwan_permit'];
  if (kindOf(holder.document_type) === 'resident') return holder.status === 'verified' ? ['resident_id', ...others] : [];
  return holder.status === 'failed' ? [] : others;
}

/**
 * Returns the time from which a passenger can be deleted, Unix seconds, or 0 if at any time (rule B4).
 * @param {{document_type: string}} holder
 * @param {{document_type: string, status: string, added_at: number}} of
 */
export function keptUntil(holder, of) {
  const older = kindOf(holder.document_type) === 'other' && kindOf(of.document_type) === 'resident';
  return COUNTED.includes(of.status) && !older ? of.added_at + LIMITS.keptDays * 86400 : 0;
}

/** @type {string} the status that is shown alone; empty: all */
let only = '';

onLogin(() => {
  only = '';
});

/** @param {Passenger[]} all */
function filters(all) {
  const present = Object.keys(STATUSES).filter((status) => all.some((p) => p.status === status));
  if (present.length < 2) return nothing;
  if (only && !present.includes(only)) only = '';
  const button = (/** @type {string} */ status, /** @type {string} */ text, /** @type {number} */ n) => html`<button type="button" class="filter" aria-pressed=${only === status} @click=${() => { only = status; update(); }}>${text} <span class="number">${n}</span></button>`;
  return html`<div class="filters" role="group" aria-label=${t('filter')}>${button('', t('all'), all.length)}
    ${present.map((status) => button(status, pick(STATUSES[/** @type {import('./status.js').Status} */ (status)].name), all.filter((p) => p.status === status).length))}</div>`;
}

/** @param {string} label @param {number} n @param {number} most */
const gauge = (label, n, most) => html`<div class="gauge"><p><span>${label}</span> <strong class="number">${n}</strong> <span class="soft number">/ ${most}</span></p><meter min="0" max=${most} high=${most * 0.9} value=${n} aria-label=${label}></meter></div>`;

/** Draws the list. */
export function passengersView() {
  return html`<h1>${t('passengers')}</h1>${list.show(({ holder, passengers }) => {
    const n = counts(passengers);
    const types = addable(holder);
    return html`
      ${types.length ? html`<p><a class="button wide" href="#passengers/add">${t('add')}</a></p>`
        : html`<div class="notice ${holder.status === 'failed' ? 'bad' : 'warn'}"><p><strong>${t('addNot', pick(STATUSES[holder.status].name))}</strong></p><p>${pick(holder.next_step)}</p><p><a href="#profile">${t('profile')}</a></p></div>`}
      <section class="card" aria-label=${t('counts')}><div class="gauges">${gauge(t('countListed'), n.listed, LIMITS.listed)}${gauge(t('countSubmitted'), n.toBeSubmitted, LIMITS.toBeSubmitted)}</div>
        <p class="hint">${t('countHint')}${n.listed >= LIMITS.listed && kindOf(holder.document_type) === 'resident' ? html` <strong class="warn">${t('countFull')}</strong>` : nothing}</p></section>
      ${filters(passengers)}
      ${passengers.length ? html`<ul class="card rows people">${passengers.map((p, i) => (only && p.status !== only ? nothing : html`<li><a class="row" href="#passengers/${i + 1}">
          <span><span class="between"><bdi class="strong">${p.name}</bdi>${chip(p.status)}</span>
          <span class="soft small">${documentName(p.document_type)} <span class="number">${maskNumber(p.document_number)}</span></span>
          ${p.status === 'verified' ? nothing : html`<span class="small">${pick(p.next_step)}</span>`}</span></a></li>`))}</ul>`
        : html`<div class="card empty"><p>${t('listEmpty')}</p><p class="soft">${t('listEmptyHint')}</p></div>`}
      <p><a href="#notice">${t('noticeRead')}</a></p>`;
  })}`;
}

/**
 * Returns a day in Beijing as people read it.
 * @param {number} seconds
 */
export function day(seconds) {
  return when(seconds, { year: 'numeric', month: 'long', day: 'numeric' });
}
