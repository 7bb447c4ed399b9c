/**
 * Parts of the counter's forms: a document, the clerk's statements about it, the visitor's proof.
 * @module
 */

import { Problem } from '../../ui/http.js';
import { html, nothing, update } from '../../ui/page.js';
import { may } from '../login.js';
import { t } from './texts.js';
import { documentName, options } from './words.js';

/** @typedef {import('../../ui/form.js').Form} Form */
/** @typedef {Record<string, string>} Values */

/** The values of a document that was not entered yet. */
export const noDocument = { document_type: 'resident_id', document_number: '', nationality: '' };

/** The fields beside which the refusals of a document are shown. */
export const documentPlaces = {
  person_invalid: 'document_number', document_type_unknown: 'document_type', first_generation_card: 'document_number', station_window_only: 'document_type',
};

/**
 * Draws the fields of a document. Without the permission for other documents, a resident ID card is the only one.
 * @param {Form} form
 * @param {string} [numberLabel]
 */
export function documentFields(form, numberLabel = t('documentNumber')) {
  const all = may('pre_verify', 'correct_identity');
  const types = all ? /** @type {const} */ (['resident_id', 'passport', 'hk_macau_permit', 'taiwan_permit']) : /** @type {const} */ (['resident_id']);
  return html`<div class="pair">
    ${form.field('document_type', { label: t('documentType'), options: options(documentName, [...types]), hint: all ? undefined : t('agencyDocument') })}
    ${form.field('document_number', { label: numberLabel, hint: t('documentNumberHint'), max: 18 })}
    ${form.values.document_type === 'passport' ? form.field('nationality', { label: t('nationality'), hint: t('nationalityHint'), max: 3 }) : nothing}</div>`;
}

/**
 * Returns a document as requests name it.
 * @param {Values} values
 */
export function documentOf(values) {
  const number = values.document_number.normalize('NFKC').replace(/[\s-]/g, '').toUpperCase();
  return {
    document_type: values.document_type, document_number: number,
    ...(values.document_type === 'passport' && values.nationality ? { nationality: values.nationality.normalize('NFKC').trim().toUpperCase() } : {}),
  };
}

/**
 * Refuses an empty document number before it is sent.
 * @param {Form} form
 * @param {Values} values
 */
export function documentMissing(form, values) {
  return missing(form, values, 'document_number', ...(values.document_type === 'passport' ? ['nationality'] : []));
}

/**
 * Refuses empty fields. Reports whether there is one.
 * @param {Form} form
 * @param {Values} values
 * @param {...string} names
 */
export function missing(form, values, ...names) {
  const empty = names.filter((name) => !values[name]?.trim());
  for (const name of empty) form.refuse(name, t('required'));
  return empty.length > 0;
}

/**
 * Places a refusal of personal data beside the field that its detail names, in a form whose `places` are by code.
 * @param {Form} form
 * @param {unknown} err
 */
export function placed(form, err) {
  if (err instanceof Problem && err.code === 'person_invalid') {
    form.places.person_invalid = /^name\b/.test(err.detail) && 'name' in form.values ? 'name' : /nationality/.test(err.detail) ? 'nationality' : 'document_number';
  }
  return err;
}

/**
 * Draws a box to tick. Its value is 'yes' or empty.
 * @param {Form} form
 * @param {string} name
 * @param {string} label
 */
export function check(form, name, label) {
  const fault = form.faults[name];
  return html`<div class=${fault ? 'check-fault' : ''}><label class="check"><input type="checkbox" name=${name} .checked=${form.values[name] === 'yes'}
      aria-invalid=${fault ? 'true' : nothing} aria-describedby=${fault ? `${name}-fault` : nothing}
      @change=${(/** @type {Event} */ e) => { form.values[name] = /** @type {HTMLInputElement} */ (e.target).checked ? 'yes' : ''; update(); }}>${label}</label>
    ${fault ? html`<p class="fault" id="${name}-fault">${fault.text} ${fault.next}</p>` : nothing}</div>`;
}

/**
 * Draws a choice of a few.
 * @param {Form} form
 * @param {string} name
 * @param {string} label
 * @param {[value: string, text: string][]} all
 */
export function choice(form, name, label, all) {
  const fault = form.faults[name];
  return html`<fieldset role="radiogroup" aria-invalid=${fault ? 'true' : nothing} aria-describedby=${fault ? `${name}-fault` : nothing}><legend>${label}</legend><div class="choices">
    ${all.map(([value, text]) => html`<label><input type="radio" name=${name} value=${value} .checked=${form.values[name] === value}
      @change=${() => { form.values[name] = value; delete form.faults[name]; update(); }}>${text}</label>`)}</div>
    ${fault ? html`<p class="fault" id="${name}-fault" role="alert">${fault.text} ${fault.next}</p>` : nothing}</fieldset>`;
}

/** The statements about an original, none made. */
export const noStatements = { original: '', in_date: '', readable: '', delegated: '', delegate_original: '', holder_original: '', in_person: '' };

/** The fields beside which refusals of an original are shown. */
export const statementPlaces = { original_missing: 'original', document_expired: 'in_date', document_unreadable: 'readable', holder_original_missing: 'holder_original', in_person_only: 'in_person' };

/**
 * Draws the statements about the original.
 * @param {Form} form
 * @param {{delegates?: boolean, holder?: boolean}} how delegates: a delegate may bring it; holder: the account holder's original is needed
 */
export function statementFields(form, { delegates = false, holder = false }) {
  return html`<fieldset><legend>${t('statements')}</legend><div class="statements">
    ${check(form, 'original', t('original'))}${check(form, 'in_date', t('inDate'))}${check(form, 'readable', t('readable'))}
    ${holder ? check(form, 'holder_original', t('holderOriginal')) : nothing}
    ${delegates ? check(form, 'delegated', t('delegated')) : check(form, 'in_person', t('inPerson'))}
    ${delegates && form.values.delegated ? check(form, 'delegate_original', t('delegateOriginal')) : nothing}</div></fieldset>`;
}

/**
 * Refuses statements with which the document cannot be used: the entry would stay as it is.
 * @param {Form} form
 * @param {Values} values
 * @param {{delegates?: boolean, holder?: boolean}} how as in {@link statementFields}
 */
export function statementsMissing(form, values, { delegates = false, holder = false }) {
  /** @type {[name: string, needed: boolean, text: string][]} */
  const all = [
    ['original', true, t('originalFault')], ['in_date', true, t('inDateFault')], ['readable', true, t('readableFault')], ['holder_original', holder, t('holderFault')],
    ['in_person', !delegates, t('inPersonFault')], ['delegate_original', delegates && values.delegated === 'yes', t('delegateFault')],
  ];
  const open = all.filter(([name, needed]) => needed && values[name] !== 'yes');
  for (const [name, , text] of open) form.refuse(name, text);
  return open.length > 0;
}

/**
 * Returns the statements as requests name them.
 * @param {Values} values
 */
export function statementsOf(values) {
  return { original: values.original === 'yes', in_date: values.in_date === 'yes', readable: values.readable === 'yes' };
}

/** A proof that was not given. */
export const noProof = { proof_kind: '', proof_value: '' };

/**
 * Draws the visitor's proof.
 * @param {Form} form
 * @param {{holder: boolean, always?: boolean}} how holder: of the account's own entry; always: whatever the name
 */
export function proofFields(form, { holder, always = false }) {
  /** @type {[string, string][]} */
  const kinds = holder ? [['phone_end', t('phoneEnd')], ['email_start', t('emailStart')]] : [['holder_number', t('holderNumber')]];
  if (!kinds.some(([kind]) => kind === form.values.proof_kind)) form.values.proof_kind = kinds[0][0];
  return html`<h2>${t('proof')}</h2><p class="soft">${always ? t('proofHintAlways') : t('proofHint')}</p>
    ${kinds.length > 1 ? choice(form, 'proof_kind', t('proofKind'), kinds) : nothing}
    ${form.field('proof_value', { label: kinds.length > 1 ? t('proofValue') : t('holderNumber'), max: 32, inputmode: form.values.proof_kind === 'phone_end' ? 'numeric' : undefined })}`;
}

/**
 * Returns the proof as requests name it.
 * @param {Values} values
 */
export function proofOf(values) {
  return { kind: values.proof_kind, value: values.proof_value.normalize('NFKC').trim() };
}
