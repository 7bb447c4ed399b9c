/**
 * "Identity already registered" (rule B11): the owner, in person, frees the identity or moves it to their own account.
 * @module
 */

import { Form } from '../../ui/form.js';
import { html, nothing, update } from '../../ui/page.js';
import { act } from '../action.js';
import { ask } from '../login.js';
import { expose, next, onNext } from '../personal.js';
import { hasPlace, noOriginal, originalFields, originalMissing, originalOf, originalPlaces, statusAfter } from './correct.js';
import { entryCard, findEntries, isHolder, lookAgain, resultCard, viewEntry } from './entries.js';
import {
  choice, documentFields, documentMissing, documentOf, documentPlaces, missing, noDocument, noStatements, placed, statementFields, statementPlaces, statementsMissing, statementsOf,
} from './fields.js';
import { t } from './texts.js';
import { documentName, statusName } from './words.js';

/** @typedef {import('./entries.js').EntryView} EntryView */

const start = { way: '', account: '', ...noDocument, ...noStatements };
const form = new Form(start, {
  ...documentPlaces, ...statementPlaces, identity_not_registered: 'document_number', registry_entry_not_found: 'account', body_malformed: 'account', status_change_refused: 'account',
});
const claim = new Form(noOriginal, { ...originalPlaces });

/** @type {EntryView | null} the owner's account, for a claim */
let entry = null;
let searched = false;
/** @type {{status?: string} | null} */
let outcome = null;

onNext(clear);

function clear() {
  form.values = { ...start };
  claim.values = { ...noOriginal };
  form.faults = claim.faults = {};
  entry = outcome = null;
  searched = false;
}

/** @param {Record<string, string>} values */
async function free(values) {
  const open = [documentMissing(form, values), statementsMissing(form, values, {})];
  if (open.includes(true)) return;
  const document = documentOf(values);
  const answer = await act({
    title: t('duplicate'), object: html`${documentName(/** @type {any} */ (document.document_type))} <bdi>${document.document_number}</bdi>`,
    effect: t('freeEffect'), told: t('freeTold'), undo: t('freeUndo'), danger: true,
    send: () => ask('POST', '/v1/counter/duplicates', { ...document, ...statementsOf(values) }), done: () => t('freed'),
    look: async () => (await findEntries(document, 'check')).some((f) => f.identity_lost) ? t('freeLookDone') : t('freeLookNot'), beside: (err) => hasPlace(form, err),
  });
  if (answer) outcome = {};
}

/**
 * Finds the owner's account: by its number, or because a window removed this document's identity from it.
 * @param {Record<string, string>} values
 */
async function findOwner(values) {
  if (documentMissing(form, values)) return;
  let account = values.account.trim();
  try {
    if (!account) {
      const lost = (await findEntries(documentOf(values), 'check')).filter((f) => isHolder(f) && f.identity_lost);
      searched = true;
      if (lost.length !== 1) return void missing(form, values, 'account');
      account = lost[0].account;
    }
    entry = await viewEntry({ account, passenger: 'holder' }, 'check');
  } catch (err) {
    throw placed(form, err);
  }
  Object.assign(claim.values, { name: entry.name, ...documentOf(values), nationality: values.nationality });
  expose();
}

/** @param {Record<string, string>} values */
async function submitClaim(values) {
  const e = /** @type {EntryView} */ (entry);
  if (originalMissing(claim, values)) return;
  const answer = await act({
    title: t('duplicateClaim'), object: html`<bdi>${values.name}</bdi> ${documentOf(values).document_number} · ${t('account')} ${e.account.slice(0, 12)}…`,
    effect: t('claimEffect', statusAfter(values)), told: t('claimTold'), undo: t('claimUndo'),
    send: () => ask('POST', '/v1/counter/claims', { account: e.account, version: e.version, ...originalOf(values) }),
    done: (a) => t('statusNow', statusName(a.status)), look: () => lookAgain(e, 'check'),
    beside: (err) => hasPlace(claim, err),
  });
  if (answer) outcome = answer;
}

/** Draws the view. */
export function duplicateView() {
  const claims = form.values.way === 'claim';
  return html`<h1>${t('duplicate')}</h1><p class="soft">${t('duplicateAbout')}</p>
    ${outcome ? outcome.status ? resultCard(claim.values.name, outcome.status)
      : html`<div class="notice good" role="status"><p>${t('freed')}</p></div><button type="button" @click=${next}>${t('nextOne')}</button>`
      : entry ? html`${entryCard(entry)}<form class="card" novalidate @submit=${claim.submit(submitClaim)}>${originalFields(claim, true)}${claim.fault()}
        <div class="actions"><button aria-busy=${claim.busy} ?disabled=${claim.busy}>${t('submit')}</button>
          <button type="button" class="second" @click=${() => { entry = null; update(); }}>${t('back')}</button></div></form>`
      : html`<form class="card" novalidate @submit=${form.submit(claims ? findOwner : free)}>
        ${choice(form, 'way', t('duplicateAsk'), [['free', t('duplicateFree')], ['claim', t('duplicateClaim')]])}
        ${form.values.way ? html`${documentFields(form)}
          ${claims ? html`${searched ? html`<div class="notice warn" role="status"><p>${t('claimNone')}</p></div>` : nothing}
            ${form.field('account', { label: t('claimAccount'), hint: t('claimAccountHint'), optional: true, max: 36 })}` : statementFields(form, {})}
          ${form.fault()}
          <div class="actions"><button aria-busy=${form.busy} ?disabled=${form.busy}>${claims ? t('claimFind') : t('submit')}</button></div>` : nothing}
      </form>`}`;
}
