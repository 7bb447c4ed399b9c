/**
 * The application form (rules A3 to A5), and the form with which a person without a login returns to a temporary ID.
 * @module
 */

import { now } from '../ui/clock.js';
import { Form } from '../ui/form.js';
import { call, explain, Problem } from '../ui/http.js';
import { pick, when } from '../ui/language.js';
import { html, nothing, update } from '../ui/page.js';
import { apply as submitApplication, startReturn } from './flow.js';
import { active, left, list, loadList } from './list.js';
import { locate, place, platform } from './location.js';
import { bearer, expired, loginNow, onLogin } from './login.js';
import { cleanNumber, isNumber } from './number.js';
import { keepDraft, state } from './state.js';
import { w } from './waytexts.js';

/** @typedef {import('../ui/page.js').View} View */

/** Fields by the code of a problem. */
const PLACES = {
  name_invalid: 'name', document_type_not_supported: 'type', document_number_invalid: 'number', first_generation_card: 'number', city_invalid: 'city',
  location_missing: 'location', location_invalid: 'location', relocate: 'location', consent_required: 'consent',
};
/** How to allow the location. */
const DENIED = /** @type {const} */ ({ ios: 'deniedIos', android: 'deniedAndroid', desktop: 'deniedDesktop' });
const EMPTY = { name: '', type: 'resident_id', number: '', city: '', consent: '' };

const form = new Form(EMPTY, PLACES);
/** @type {{version: string, fault: {text: string, next: string} | null}} */
const policy = { version: '', fault: null };
/** Account whose identity was filled in, so that edits are not overwritten. */
let filled = '';
/** City that the location filled in, which a newer location replaces. */
let cityFilled = '';

onLogin((change) => {
  if (change !== 'out') return;
  Object.assign(form.values, EMPTY);
  form.faults = {};
  filled = '';
});

/** Reads the version of the privacy policy that the consent is for. */
async function loadPolicy() {
  if (policy.version) return;
  policy.fault = null;
  try {
    policy.version = (await call('GET', '/v1/privacy-policy')).version;
  } catch (err) {
    policy.fault = explain(err);
  }
  update();
}

/** Fills in the identity of the login (rule T06). */
function prefill() {
  const account = loginNow()?.account;
  if (!account || filled === account.account) return;
  filled = account.account;
  Object.assign(form.values, { name: account.name, type: account.document_type, number: account.document_number });
}

function enterForms() {
  if (state.draft && !form.values.name && !form.values.number) Object.assign(form.values, state.draft);
  form.values.consent = '';
  prefill();
  void loadPolicy();
}

async function enterApply() {
  enterForms();
  void loadList();
  await locate();
  fillCity();
}

/** Fills in the city of the location (rule T08). A city that the person typed stays. */
function fillCity() {
  const city = place.city && pick(place.city);
  if (place.how !== 'found' || !city || form.values.city && form.values.city !== cityFilled) return;
  form.values.city = cityFilled = city;
  delete form.faults.city;
  delete form.faults.location;
  update();
}

/** @returns {Promise<void>} */
async function relocate() {
  await locate();
  fillCity();
}

/** Reports whether the form asks for consent: without a login always, with one if the account's is due. */
function asksConsent() {
  return !bearer() || (loginNow()?.account.consent_due ?? false);
}

/**
 * Checks what can be checked here; faults are shown beside their fields.
 * @param {Record<string, string>} values
 * @param {boolean} whole also city and location
 */
function isComplete(values, whole) {
  if (!values.name.trim()) form.refuse('name', w('nameFault'));
  if (values.type !== 'resident_id') form.refuse('type', w('typeFault'), w('typeNext'));
  const number = cleanNumber(values.number);
  if (number.length !== 18) form.refuse('number', w('numberFault'));
  else if (!isNumber(number)) form.refuse('number', w('numberWrong'));
  if (whole && !values.city.trim()) form.refuse('city', w('cityFault'));
  if (whole && !place.at) form.refuse('location', w('locationFault'), w('locationNext'));
  if (asksConsent() && !values.consent) form.refuse('consent', w('policyFault'));
  return Object.keys(form.faults).length === 0;
}

/**
 * Submits the application. A policy that has changed meanwhile is agreed to again.
 * @param {Record<string, string>} values
 */
async function send(values) {
  if (!isComplete(values, true) || !place.at) return;
  try {
    if (bearer() && asksConsent()) await call('POST', '/v1/account/consent', { bearer: bearer(), body: { policy: policy.version } });
    await submitApplication({ name: values.name.trim(), document_type: values.type, document_number: cleanNumber(values.number), city: values.city.trim(),
      location: place.at, ...(bearer() ? {} : { policy: policy.version }) });
  } catch (err) {
    if (expired(err)) return;
    await policyChanged(err);
    throw err;
  }
  Object.assign(form.values, EMPTY);
  filled = '';
}

/** @param {unknown} err */
async function policyChanged(err) {
  if (!(err instanceof Problem) || err.code !== 'consent_required') return;
  policy.version = '';
  form.values.consent = '';
  await loadPolicy();
}

/** @param {Record<string, string>} values */
async function sendReturn(values) {
  if (!isComplete(values, false)) return;
  startReturn({ name: values.name.trim(), document_number: cleanNumber(values.number), policy: policy.version });
}

/** Keeps what was typed for a reload: phones close tabs while a person allows the location in the settings. */
function keep() {
  const { name, type, number, city } = form.values;
  void keepDraft(name || number ? { name, type, number, city } : null);
}

/** The three parts of the way. @param {number} at from 1 */
export function steps(at) {
  return html`<ol class="steps" aria-hidden="true">${[w('step1'), w('step2'), w('step3')].map((text, i) =>
    html`<li class=${i + 1 < at ? 'done' : i + 1 === at ? 'now' : ''}>${text}</li>`)}</ol>`;
}

/** @returns {View} */
function identityFields() {
  const wrong = form.values.type !== 'resident_id';
  return html`${form.field('name', { label: w('name'), hint: w('nameHint'), autocomplete: 'name', max: 60 })}
    <div @change=${() => { if (form.values.type === 'resident_id') delete form.faults.type; else form.refuse('type', w('typeFault'), w('typeNext')); }}>
    ${form.field('type', { label: w('type'), options: ['resident_id', 'hk_macau_permit', 'taiwan_permit', 'passport', 'other'].map((type) => [type, w(/** @type {'other'} */ (type))]) })}</div>
    ${wrong && !form.faults.type ? html`<div class="notice bad" role="alert"><p>${w('typeFault')} ${w('typeNext')}</p></div>` : nothing}
    ${form.field('number', { label: w('number'), hint: w('numberHint'), max: 24, inputmode: 'text' })}`;
}

/** @returns {View} */
function cityField() {
  const fault = form.faults.location;
  const hint = place.how === 'denied' ? w('denied') : place.how === 'unavailable' ? w('unavailable') : place.how === 'slow' ? w('slow') : '';
  const allow = place.how === 'denied' ? w(DENIED[platform()]) : '';
  const city = place.city && pick(place.city);
  return html`${form.field('city', { label: w('city'), hint: w('cityHint'), max: 60, autocomplete: 'address-level2' })}
    <div class="place" role="status">
      ${place.how === 'asking' ? html`<p class="soft">${w('locating')}</p>` : nothing}
      ${place.how === 'found' && city ? html`<p class="good">✓ ${w('located', city)}</p>` : nothing}
      ${place.how === 'found' && city && form.values.city !== city ? html`<button type="button" class="quiet" @click=${() => { form.values.city = cityFilled = city; update(); }}>${w('useCity', city)}</button>` : nothing}
      ${hint ? html`<p class="fault">${hint}</p>` : nothing}${allow ? html`<p class="hint">${allow}</p>` : nothing}
      ${place.how === 'refused' && place.fault ? html`<p class="fault">${place.fault.text} ${place.fault.next}</p>` : nothing}
      ${fault ? html`<p class="fault" role="alert">${fault.text} ${fault.next}</p>` : nothing}
      <button type="button" class="second" ?disabled=${place.how === 'asking'} aria-busy=${place.how === 'asking'} @click=${relocate}>${w('relocate')}</button>
    </div>`;
}

/** @returns {View | typeof nothing} */
function consentField() {
  if (!asksConsent()) return nothing;
  const fault = form.faults.consent;
  const tick = (/** @type {Event} */ e) => {
    form.values.consent = /** @type {HTMLInputElement} */ (e.target).checked ? 'yes' : '';
    delete form.faults.consent;
    update();
  };
  return html`<div class="field consent"><label class="check"><input type="checkbox" name="consent" .checked=${form.values.consent === 'yes'} aria-invalid=${fault ? 'true' : nothing}
      aria-describedby=${fault ? 'consent-fault' : nothing} @change=${tick}><span>${w('consent1')}<a href="#privacy">${w('consent2')}</a></span></label>
    ${fault ? html`<p class="fault" id="consent-fault">${fault.text} ${fault.next}</p>` : nothing}
    ${policy.fault ? html`<p class="fault">${policy.fault.text} <button type="button" class="quiet" @click=${loadPolicy}>${policy.fault.next}</button></p>` : nothing}</div>`;
}

/** What the records say about further applications. @returns {View | typeof nothing} */
function quota() {
  const present = state.held?.status.status === 'approved' ? state.held.status : active();
  const from = present?.renewable_at ?? 0;
  if (from * 1000 > now()) return html`<div class="notice warn"><p>${w('activeHint', when(from))}</p></div>`;
  if (!list.all) return html`<p class="soft">${w('limits')}</p>`;
  const n = left(list.all, now());
  return n > 0 ? html`<p class="soft"><b>${w('leftOwn', n)}</b> ${w('leftHint')}</p>` : html`<div class="notice warn"><p><b>${w('leftNone')}</b></p><p>${w('leftNoneHint')}</p></div>`;
}

/**
 * @param {string} title
 * @param {View} fields
 * @param {string} button
 * @param {(values: Record<string, string>) => Promise<void>} action
 */
function page(title, fields, button, action) {
  const ready = !asksConsent() || policy.version !== '';
  return html`<main><h1>${title}</h1>${steps(1)}<form novalidate class="card" @input=${keep} @submit=${form.submit(action)}>
    ${fields}${consentField()}${form.fault()}
    <button class="wide" aria-busy=${form.busy} ?disabled=${form.busy || !ready}>${ready || policy.fault ? button : w('policyLoading')}</button></form></main>`;
}

export const apply = {
  enter: () => void enterApply(),
  view: () => page(w('applyTitle'), html`${quota()}${filled && loginNow() ? html`<p class="soft">${w('prefilled')}</p>` : nothing}${identityFields()}${cityField()}`, w('submit'), send),
};

export const again = {
  enter: enterForms,
  view: () => page(w('returnTitle'), html`<p>${w('returnText')}</p>${identityFields()}`, w('submitView'), sendReturn),
};
