/**
 * Correcting an identity that was checked wrongly, and the form of an original that corrections and claims share.
 * @module
 */

import { Form } from '../../ui/form.js';
import { html, update } from '../../ui/page.js';
import { act } from '../action.js';
import { ask } from '../login.js';
import { expose, onNext } from '../personal.js';
import { entryCard, isHolder, lookAgain, resultCard, steps, viewEntry } from './entries.js';
import {
  check, documentFields, documentMissing, documentOf, documentPlaces, missing, noDocument, noProof, noStatements, placed, proofFields, proofOf, statementFields, statementPlaces, statementsMissing, statementsOf,
} from './fields.js';
import { Search } from './search.js';
import { t } from './texts.js';
import { statusName } from './words.js';

/** @typedef {import('./entries.js').EntryView} EntryView */
/** @typedef {import('./entries.js').Found} Found */

/** An original that was not entered yet. */
export const noOriginal = { name: '', substituted: '', ...noDocument, ...noStatements, ...noProof };

/** The fields beside which the refusals of a correction or a claim are shown. */
export const originalPlaces = { ...documentPlaces, ...statementPlaces, other_person: 'name', identity_registered: 'document_number', contact_proof_wrong: 'proof_value' };

/**
 * Draws the fields of the original, the statements and the proof.
 * @param {Form} form
 * @param {boolean} holder of the account's own entry
 */
export function originalFields(form, holder) {
  return html`<h2>${t('correctTo')}</h2>${form.field('name', { label: t('name'), hint: t('nameHint'), max: 200 })}
    ${check(form, 'substituted', t('substituted'))}${documentFields(form)}
    ${statementFields(form, {})}${proofFields(form, { holder, always: true })}`;
}

/**
 * Refuses what is missing before anything is sent.
 * @param {Form} form
 * @param {Record<string, string>} values
 */
export function originalMissing(form, values) {
  const open = [missing(form, values, 'name', 'proof_value'), documentMissing(form, values), statementsMissing(form, values, {})];
  return open.includes(true);
}

/**
 * Returns the original as requests name it.
 * @param {Record<string, string>} values
 */
export function originalOf(values) {
  return { name: values.name.trim(), ...(values.substituted ? { substituted: true } : {}), ...documentOf(values), ...statementsOf(values), proof: proofOf(values) };
}

/**
 * Reports whether a refusal belongs to a field of the form.
 * @param {Form} form
 * @param {import('../../ui/http.js').Problem} err
 */
export function hasPlace(form, err) {
  placed(form, err);
  return err.code in form.places;
}

/** @param {Record<string, string>} values */
export const statusAfter = (values) => statusName(values.document_type === 'resident_id' ? 'verified' : 'pre_verified');

const search = new Search('correction', { leave, choose });
const form = new Form(noOriginal, { ...originalPlaces });

/** @type {EntryView | null} */
let entry = null;
/** @type {string | null} */
let status = null;

onNext(() => search.clear());

function leave() {
  form.values = { ...noOriginal };
  form.faults = {};
  entry = status = null;
}

/** @param {Found} f */
async function choose(f) {
  leave();
  entry = await viewEntry(f, 'correction');
  const { name, document_type, document_number, nationality = '' } = entry;
  Object.assign(form.values, { name, document_type, document_number, nationality, substituted: entry.substituted ? 'yes' : '' });
  expose();
  update();
}

/** @param {Record<string, string>} values */
async function submit(values) {
  const e = /** @type {EntryView} */ (entry);
  if (originalMissing(form, values)) return;
  const answer = await act({
    title: t('correct'), object: html`<bdi>${e.name}</bdi> ${e.document_number} → <bdi>${values.name}</bdi> ${documentOf(values).document_number}`,
    effect: t('correctEffect', statusAfter(values)), told: t('toldPassenger'), undo: t('correctUndo'),
    send: () => ask('POST', '/v1/counter/corrections', { account: e.account, passenger: e.passenger, version: e.version, ...originalOf(values) }),
    done: (a) => t('statusNow', statusName(a.status)), look: () => lookAgain(e, 'correction'), beside: (err) => hasPlace(form, err),
  });
  if (answer) status = answer.status;
}

/** Draws the view. */
export function correctView() {
  return html`<h1>${t('correct')}</h1><p class="soft">${t('correctHint')}</p>${steps([t('stepFind'), t('stepCompare'), t('stepResult')], status ? 2 : entry ? 1 : 0)}
    ${status ? resultCard(form.values.name, status) : entry ? editing(entry) : search.draw({ label: t('correctSearch'), notice: html`<p class="soft">${t('auditedNotice')}</p>`, none: html`<p>${t('correctNone')}</p>` })}`;
}

/** @param {EntryView} e */
function editing(e) {
  return html`${entryCard(e)}<form class="card" novalidate @submit=${form.submit(submit)}>${originalFields(form, isHolder(e))}${form.fault()}
    <div class="actions"><button aria-busy=${form.busy} ?disabled=${form.busy}>${t('submit')}</button>
      <button type="button" class="second" @click=${() => { leave(); update(); }}>${t('back')}</button></div></form>`;
}
