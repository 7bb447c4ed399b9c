/**
 * 查看个人信息: the profile with its status, and its edit where the status allows it (rules R03, P02, P05).
 * @module
 */

import { Problem, Unreachable } from '../../ui/http.js';
import { Form } from '../../ui/form.js';
import { pick, when } from '../../ui/language.js';
import { html, nothing, update } from '../../ui/page.js';
import { loginNow, onLogin, refresh, setProfile } from '../login.js';
import { contactBody, contactFields } from './entry.js';
import { ask, leaveTo, Loaded, say, withLogin } from './load.js';
import { blankPerson, documentName, maskEmail, maskNumber, maskPhone, nationalityName, personBody, personComplete, personFields, personPlaces } from './person.js';
import { chip, guidance, windowOnly } from './status.js';
import { t } from './texts.js';

/** @typedef {import('../login.js').Profile} Profile */

/** The profile as the server has it now. */
export const profile = new Loaded(async () => /** @type {Profile} */ ((await refresh())?.account));

let open = false;

onLogin(() => {
  open = false;
  edited = null;
});

/** The button that shows and hides what is masked. */
export function revealButton() {
  return html`<button type="button" class="quiet" aria-pressed=${open} @click=${() => { open = !open; update(); }}>${t(open ? 'hide' : 'reveal')}</button>`;
}

/** Reports whether masked data are shown. */
export function revealed() {
  return open;
}

/** Hides masked data again. */
export function hideData() {
  open = false;
}

/**
 * Reports whether name and document can still be edited.
 * @param {Profile} of
 */
export function editable(of) {
  return of.status !== 'verified' && of.status !== 'pre_verified';
}

/** @param {Profile} of */
function identityFacts(of) {
  return html`<dl class="facts">
    <dt>${t('name')}</dt><dd><bdi>${of.name}</bdi>${of.name_cut ? html` <span class="soft">${t('nameCut')}</span>` : nothing}</dd>
    <dt>${t('documentType')}</dt><dd>${documentName(of.document_type)}</dd>
    <dt>${t('number')}</dt><dd class="number">${open ? of.document_number : maskNumber(of.document_number)}</dd>
    ${of.nationality ? html`<dt>${t('nationality')}</dt><dd>${nationalityName(of.nationality)}</dd>` : nothing}
    ${of.substituted ? html`<dt>${t('substitutedShort')}</dt><dd>${t('yes')}</dd>` : nothing}
  </dl>`;
}

/** Draws the profile. */
export function profileView() {
  return html`<h1>${t('profile')}</h1>${profile.show((known) => {
    const of = loginNow()?.account ?? known;
    const shown = open ? (/** @type {string} */ text) => text : null;
    const online = of.document_type === 'resident_id' && (of.status === 'pending' || of.status === 'failed') && !windowOnly(of);
    return html`
      <section class="card" aria-labelledby="status-head"><div class="between"><h2 class="first" id="status-head">${t('status')}</h2>${chip(of.status)}</div>
        ${guidance(of, { own: true })}
        ${online ? html`<p><a class="button wide" href="#verify">${t('verify')}</a></p><p><a href="#notice">${t('noticeRead')}</a></p>` : html`<p><a href="#notice">${t('noticeRead')}</a></p>`}
      </section>
      <section class="card" aria-labelledby="identity-head"><div class="between"><h2 class="first" id="identity-head">${t('identityPart')}</h2>${revealButton()}</div>
        ${identityFacts(of)}</section>
      <section class="card" aria-labelledby="contact-head"><h2 class="first" id="contact-head">${t('contactPart')}</h2>
        <dl class="facts">
          <dt>${t('phone')}</dt><dd class="number">${of.phone ? (shown ?? maskPhone)(of.phone) : t('none')} ${of.phone ? html`<span class="chip ${of.phone_verified_at ? 'good' : 'warn'}">${t(of.phone_verified_at ? 'phoneIs' : 'phoneIsNot')}</span>` : nothing}</dd>
          <dt>${t('email')}</dt><dd>${of.email ? (shown ?? maskEmail)(of.email) : t('none')}</dd>
          <dt>${t('loginName')}</dt><dd>${of.login_name}</dd>
          <dt>${t('since')}</dt><dd>${when(of.created_at, { dateStyle: 'medium' })}</dd>
        </dl></section>
      <p class="actions"><a class="button grow" href="#profile/edit">${t('edit')}</a>${of.phone_verified_at ? nothing : html`<a class="button second grow" href="#phone">${t('phoneVerify')}</a>`}</p>`;
  })}`;
}

const form = new Form({ ...blankPerson, phone: '', email: '' }, {
  ...personPlaces, contact_missing: 'phone', phone_invalid: 'phone', phone_not_served: 'phone', email_invalid: 'email',
  identity_fixed: '', passenger_ticket_bought: '', passenger_already_listed: 'document_number',
});

/** @type {Profile | null} the profile that the form was filled from */
let edited = null;

/** Whether the form was sent without an answer: the change may have happened. */
let unanswered = false;

/** @param {Profile} of */
function fill(of) {
  edited = of;
  unanswered = false;
  form.faults = {};
  Object.assign(form.values, {
    name: of.name, document_type: of.document_type, document_number: of.document_number, nationality: of.nationality ?? '', substituted: of.substituted ? 'yes' : '',
    phone: of.phone ?? '', email: of.email ?? '',
  });
}

/** Prepares the edit. A form that was filled for the same account stays as it is. */
export function enterEdit() {
  const of = loginNow()?.account;
  if (of && (edited?.account !== of.account || (edited.version !== of.version && !unanswered))) fill(of);
}

/** @param {Record<string, string>} values */
async function save(values) {
  const of = edited;
  if (!of) return;
  const contactFine = Boolean(values.phone.trim() || values.email.trim());
  if (!contactFine) form.refuse('phone', t('contactMissing'));
  if (editable(of) && !personComplete(form)) return;
  if (!contactFine) return;
  const body = { version: of.version, ...personBody(values), ...contactBody(values) };
  try {
    setProfile(await ask('PUT', '/v1/account', body));
  } catch (err) {
    if (err instanceof Unreachable) unanswered = true;
    if (!(err instanceof Problem) || err.code !== 'profile_conflict') throw err;
    const now = (await refresh())?.account;
    if (!now) throw err;
    if (!(unanswered && now.document_number === body.document_number && now.phone === body.phone && now.email === body.email)) {
      edited = now; // the entries stay; saved again, they replace the newer version
      throw err;
    }
  }
  edited = null;
  unanswered = false;
  say(t('saved'));
  leaveTo('profile');
}

/** Draws the edit. */
export function profileEditView() {
  const of = edited;
  if (!of) return html`<h1>${t('edit')}</h1>${profile.show(() => html`<p>${t('loading')}</p>`)}`;
  const fixed = !editable(of);
  return html`<h1>${t('profileEdit')}</h1>
    ${fixed ? html`<div class="notice"><p>${t('identityFixed')}</p></div>` : nothing}
    ${of.status === 'failed' ? html`<div class="notice warn"><p>${of.next_step ? pick(of.next_step) : t('failedSave')}</p></div>` : nothing}
    <form class="card" novalidate @submit=${form.submit(withLogin(save))}>
      <h2 class="first">${t('identityPart')}</h2>${fixed ? identityFacts(of) : personFields(form, { own: true })}
      <h2>${t('contactPart')}</h2>${contactFields(form)}
      ${of.phone_verified_at ? html`<p class="hint">${t('phoneChangeHint')}</p>` : nothing}${form.fault()}
      <p class="actions"><button class="grow" aria-busy=${form.busy}>${t('save')}</button><a class="button second" href="#profile">${t('cancel')}</a></p>
    </form>`;
}
