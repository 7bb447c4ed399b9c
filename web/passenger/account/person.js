/**
 * The fields that describe a person by a document, and their checks before the request: the server checks all of it again.
 * @module
 */

import { live } from '../../npm/lit-html/directives/live.js';
import { html } from '../../ui/page.js';
import { language, tag } from '../../ui/language.js';
import { nationalities } from './nationalities.js';
import { t } from './texts.js';

/** @typedef {import('../../ui/form.js').Form} Form */

/** The document types of the API, in the order of the list. */
export const DOCUMENTS = /** @type {const} */ (['resident_id', 'passport', 'hk_macau_permit', 'taiwan_permit']);

/** Names of the document types. */
const NAMES = {
  resident_id: ['居民身份证', 'PRC resident ID card'],
  passport: ['护照', 'Passport'],
  hk_macau_permit: ['港澳居民来往内地通行证', 'Travel permit for Hong Kong and Macau residents'],
  taiwan_permit: ['台湾居民来往大陆通行证', 'Travel permit for Taiwan residents'],
};

/**
 * Returns the name of a document type.
 * @param {string} type
 */
export function documentName(type) {
  return /** @type {Record<string, string[]>} */ (NAMES)[type]?.[language() === 'zh' ? 0 : 1] ?? type;
}

/**
 * Returns the kind of document in the rules of statuses: resident ID card or other.
 * @param {string} type
 * @returns {'resident' | 'other'}
 */
export function kindOf(type) {
  return type === 'resident_id' ? 'resident' : 'other';
}

/**
 * Returns a nationality's name.
 * @param {string} code alpha-3
 */
export function nationalityName(code) {
  const region = nationalities.get(code);
  return (region && new Intl.DisplayNames(tag(), { type: 'region' }).of(region)) || code;
}

/** @type {Record<string, [string, string][]>} by language: sorting 246 names takes some ms */
const sorted = {};

/** @returns {[string, string][]} */
function nationalityOptions() {
  return sorted[tag()] ??= [
    ['', t('choose')],
    ...[...nationalities.keys()].map((code) => /** @type {[string, string]} */ ([code, `${nationalityName(code)} (${code})`]))
      .sort((a, b) => a[1].localeCompare(b[1], tag())),
  ];
}

/** Values of the fields before anything is entered. */
export const blankPerson = { name: '', document_type: 'resident_id', document_number: '', nationality: '', substituted: '' };

/** The field beside which each problem of a person is shown. */
export const personPlaces = {
  identity_document_invalid: 'document_type', document_type_unknown: 'document_type', identity_name_invalid: 'name',
  identity_number_invalid: 'document_number', first_generation_card: 'document_number', identity_registered: 'document_number',
  passenger_already_listed: 'document_number', identity_nationality_invalid: 'nationality', other_documents_only: 'document_type',
  to_be_submitted_full: 'document_type',
};

/**
 * Returns the values as the API takes them: numbers have one spelling, whatever width, case and spaces were entered.
 * @param {Record<string, string>} values
 */
export function personBody(values) {
  const type = values.document_type;
  const number = values.document_number.normalize('NFKC').replace(/[\s-]/g, '').toUpperCase();
  return {
    name: values.name.trim(), document_type: type, document_number: number,
    ...(type !== 'resident_id' && values.nationality ? { nationality: values.nationality } : {}),
    ...(values.substituted ? { substituted: true } : {}),
  };
}

/**
 * Returns the fields that the server would refuse, with a text that says how to enter them.
 * @param {Record<string, string>} values
 * @param {Date} [today]
 * @returns {Partial<Record<'name' | 'document_number' | 'nationality', 'nameMissing' | 'nameForm' | 'residentForm' | 'residentOld' | 'residentCheck' | 'residentBirth' | 'passportForm' | 'hkMacauForm' | 'taiwanForm' | 'nationalityMissing'>>}
 */
export function checkPerson(values, today = new Date()) {
  const { name, document_type: type, document_number: number } = personBody(values);
  /** @type {ReturnType<typeof checkPerson>} */
  const faults = {};
  if (!name) faults.name = 'nameMissing';
  else if (!/\p{L}/u.test(name) || /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}<>]/u.test(name) || [...name].length > 200) faults.name = 'nameForm';
  const bad = checkNumber(type, number, today);
  if (bad) faults.document_number = bad;
  if (type === 'passport' && !values.nationality) faults.nationality = 'nationalityMissing';
  return faults;
}

/**
 * @param {string} type
 * @param {string} number
 * @param {Date} today
 */
function checkNumber(type, number, today) {
  if (type === 'passport') return /^[0-9A-Z]{5,9}$/.test(number) ? null : 'passportForm';
  if (type === 'hk_macau_permit') return /^[HM]\d{8}$/.test(number) ? null : 'hkMacauForm';
  if (type === 'taiwan_permit') return /^\d{8}$/.test(number) ? null : 'taiwanForm';
  if (/^\d{15}$/.test(number)) return 'residentOld';
  if (!/^\d{17}[\dX]$/.test(number)) return 'residentForm';
  const [year, month, day] = [number.slice(6, 10), number.slice(10, 12), number.slice(12, 14)].map(Number);
  const birth = new Date(Date.UTC(year, month - 1, day));
  if (year < 1900 || birth.getUTCMonth() !== month - 1 || birth.getUTCDate() !== day || birth > new Date(today.getTime() + 8 * 3600e3)) return 'residentBirth';
  let sum = 0; // ISO 7064 MOD 11-2 (rule A4)
  for (const digit of number.slice(0, 17)) sum = ((sum + Number(digit)) * 2) % 11;
  return '0123456789X'[(12 - sum) % 11] === number[17] ? null : 'residentCheck';
}

/**
 * Shows what {@link checkPerson} finds, beside the fields.
 * @param {Form} form
 * @returns {boolean} whether the values can be sent
 */
export function personComplete(form) {
  const faults = checkPerson(form.values);
  for (const [field, key] of Object.entries(faults)) form.refuse(field, t(key));
  return Object.keys(faults).length === 0;
}

/** @type {Record<string, 'residentHint' | 'passportHint' | 'hkMacauHint' | 'taiwanHint'>} */
const HINTS = { resident_id: 'residentHint', passport: 'passportHint', hk_macau_permit: 'hkMacauHint', taiwan_permit: 'taiwanHint' };

/**
 * Draws the fields of a person.
 * @param {Form} form
 * @param {{types?: readonly string[], own?: boolean}} [how] own: of the person at the phone
 */
export function personFields(form, { types = DOCUMENTS, own = false } = {}) {
  const type = form.values.document_type;
  return html`
    ${form.field('document_type', { label: t('documentType'), options: types.map((key) => [key, documentName(key)]) })}
    ${form.field('name', { label: t('name'), max: 200, autocomplete: own ? 'name' : 'off', hint: t(type === 'resident_id' ? 'nameHint' : 'nameHintOther') })}
    ${form.field('document_number', { label: t('documentNumber'), max: 24, hint: t(HINTS[type] ?? 'residentHint') })}
    ${type === 'resident_id' ? '' : form.field('nationality', { label: t(type === 'passport' ? 'nationality' : 'nationalityOptional'), optional: type !== 'passport', options: nationalityOptions() })}
    <label class="check spaced"><input type="checkbox" name="substituted" .checked=${live(form.values.substituted === 'yes')}
      @change=${(/** @type {Event} */ e) => { form.values.substituted = /** @type {HTMLInputElement} */ (e.target).checked ? 'yes' : ''; }}> <span>${t('substituted')}</span></label>`;
}

/**
 * Hides the middle of a document number.
 * @param {string} number
 */
export function maskNumber(number) {
  const [first, last] = number.length >= 15 ? [4, 3] : [2, 2];
  return number.slice(0, first) + '*'.repeat(Math.max(0, number.length - first - last)) + number.slice(-last);
}

/**
 * Hides the middle of a phone number.
 * @param {string} phone
 */
export function maskPhone(phone) {
  return phone.length < 8 ? phone : phone.slice(0, -8) + '****' + phone.slice(-4);
}

/**
 * Hides the name of a mailbox.
 * @param {string} email
 */
export function maskEmail(email) {
  const at = email.lastIndexOf('@');
  return at < 1 ? email : `${[...email][0]}***${email.slice(at)}`;
}
