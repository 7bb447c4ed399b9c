/**
 * Entries of the registry at a counter: search, view, and what an action without an answer did.
 * @module
 */

import { Problem } from '../../ui/http.js';
import { html, nothing } from '../../ui/page.js';
import { ask } from '../login.js';
import { next } from '../personal.js';
import { t } from './texts.js';
import { documentName, statusName, statusTone } from './words.js';

/** @typedef {'check' | 'correction'} Purpose */
/** @typedef {{account: string, passenger: string}} Ref */
/** @typedef {Ref & {status: string, identity_lost: boolean, holder_original_needed?: boolean}} Found */

/**
 * The answer of `POST /v1/counter/looks`.
 * @typedef {object} EntryView
 * @property {string} account
 * @property {string} passenger an id, or holder
 * @property {string} name
 * @property {boolean} name_cut
 * @property {boolean} name_uncommon
 * @property {boolean} substituted
 * @property {string} document_type
 * @property {string} document_number
 * @property {string} [nationality]
 * @property {string} status
 * @property {number} version
 * @property {boolean} proof_needed
 * @property {boolean} [holder_original_needed]
 * @property {boolean} identity_lost
 */

/**
 * Finds the entries with a document.
 * @param {object} document
 * @param {Purpose} purpose
 * @returns {Promise<Found[]>}
 */
export async function findEntries(document, purpose) {
  return (await ask('POST', '/v1/counter/searches', { ...document, purpose })).entries;
}

/**
 * Views an entry; the audit log records it.
 * @param {Ref} ref
 * @param {Purpose} purpose
 * @returns {Promise<EntryView>}
 */
export function viewEntry({ account, passenger }, purpose) {
  return ask('POST', '/v1/counter/looks', { account, passenger, purpose });
}

/**
 * Says whether an action on an entry without an answer was done: the entry then has another version, or has left the
 * statuses that this counter may view.
 * @param {EntryView} entry as it was before the action
 * @param {Purpose} purpose
 */
export async function lookAgain(entry, purpose) {
  try {
    const now = await viewEntry(entry, purpose);
    return now.version === entry.version ? t('lookNot') : t('lookDone');
  } catch (err) {
    if (err instanceof Problem && err.code === 'status_change_refused') return t('lookDone');
    throw err;
  }
}

/** @param {Ref} ref */
export const isHolder = (ref) => ref.passenger === 'holder';

/** @param {string} status */
export function statusChip(status) {
  return html`<span class="chip ${statusTone[status]}">${statusName(/** @type {any} */ (status))}</span>`;
}

/**
 * Draws the found entries, without personal data.
 * @param {Found[]} found
 * @param {(f: Found) => void} choose
 */
export function foundList(found, choose) {
  return html`<ul class="rows">${found.map((f) => html`<li class="ticket"><div><strong>${isHolder(f) ? t('ofHolder') : t('ofPassenger')}</strong> ${statusChip(f.status)}
      ${f.identity_lost ? html`<span class="chip bad">${t('lost')}</span>` : nothing}${f.holder_original_needed ? html`<span class="chip warn">${t('holderNeeded')}</span>` : nothing}
      <p class="soft number">${t('account')} ${f.account.slice(0, 12)}…</p></div>
    <button type="button" class="second" @click=${() => choose(f)}>${t('view')}</button></li>`)}</ul>`;
}

/**
 * Draws an entry to be compared with the original.
 * @param {EntryView} entry
 */
export function entryCard(entry) {
  return html`<section class="card" aria-label=${t('entered')}>
    <p class="person"><bdi>${entry.name}</bdi></p>
    <p class="document number">${documentName(/** @type {any} */ (entry.document_type))} <bdi>${entry.document_number}</bdi>${entry.nationality ? html` · <bdi>${entry.nationality}</bdi>` : nothing}</p>
    <p>${statusChip(entry.status)} <span class="soft">${isHolder(entry) ? t('ofHolder') : t('ofPassenger')}</span>${entry.identity_lost ? html` <span class="chip bad">${t('lost')}</span>` : nothing}</p>
    ${entry.name_cut ? html`<p class="warn">${t('nameCut')}</p>` : nothing}
    ${entry.name_uncommon || entry.substituted ? html`<p class="warn">${t('nameUncommon')}</p>` : nothing}
    <p class="soft">${t('audited')}</p></section>`;
}

/**
 * Draws the result of an action on an entry.
 * @param {string} name of the person; empty: not shown
 * @param {string} status
 */
export function resultCard(name, status) {
  return html`<section class="card" role="status"><p class="person"><bdi>${name}</bdi></p>
      <div class="notice ${statusTone[status]}"><p><strong>${t('statusNow', statusName(/** @type {any} */ (status)))}</strong></p></div></section>
    <button type="button" @click=${next}>${t('nextOne')}</button>`;
}

/**
 * Draws the steps of a view.
 * @param {string[]} all
 * @param {number} now
 */
export function steps(all, now) {
  return html`<ol class="steps">${all.map((text, i) => html`<li aria-current=${i === now ? 'step' : nothing}>${text}</li>`)}</ol>`;
}
