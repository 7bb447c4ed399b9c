/**
 * One passenger of the list: view, add, edit, delete, with the refusals of the rules.
 * @module
 */

import { now } from '../../ui/clock.js';
import { Problem, Unreachable } from '../../ui/http.js';
import { Form } from '../../ui/form.js';
import { pick } from '../../ui/language.js';
import { html, nothing, route } from '../../ui/page.js';
import { onLogin } from '../login.js';
import { ask, leaveTo, say, withLogin } from './load.js';
import { addable, counts, day, keptUntil, list } from './passengers.js';
import { blankPerson, documentName, kindOf, maskNumber, nationalityName, personBody, personComplete, personFields, personPlaces } from './person.js';
import { agreed, consentField, policy, policyChanged } from './policy.js';
import { revealButton, revealed } from './profile.js';
import { chip, guidance, LIMITS } from './status.js';
import { t } from './texts.js';

/** @typedef {import('./passengers.js').Passenger} Passenger */
/** @typedef {import('./passengers.js').Holder} Holder */

const places = { ...personPlaces, consent_missing: 'policy', consent_required: 'policy' };
const blank = { ...blankPerson, policy: '' };
const adding = new Form(blank, places);
const editing = new Form(blank, places);
const deleting = new Form({});

/** @type {Passenger | null} the passenger that the form of the edit was filled from */
let edited = null;

/** Whether a form was sent without an answer: it may have been accepted. */
let unanswered = { add: false, edit: false };

onLogin((change) => {
  if (change !== 'out') return;
  edited = null;
  Object.assign(adding.values, blank);
  adding.faults = {};
});

/**
 * Returns the passenger of the view: the fragment has the place in the list, which is no name.
 * @param {string | undefined} place
 */
function passengerAt(place) {
  return list.value?.passengers[Number(place) - 1];
}

/**
 * Returns the request of a form, or null if something is missing: it is shown beside its field.
 * @param {Form} form
 * @param {Record<string, string>} values
 */
async function body(form, values) {
  const complete = personComplete(form);
  const version = await agreed(form);
  return complete && version ? { ...personBody(values), policy: version } : null;
}

/**
 * Places a refusal that names its field only in `detail`, and a new policy.
 * @param {Form} form
 * @param {unknown} err
 * @returns {boolean} whether it is shown
 */
function placed(form, err) {
  if (!(err instanceof Problem)) return false;
  if (err.code === 'consent_required') policyChanged(form);
  if (err.code !== 'person_invalid') return false;
  const field = err.detail.startsWith('name') ? 'name' : err.detail.startsWith('nationality') ? 'nationality' : 'document_number';
  form.refuse(field, pick(err.text), err.next ? pick(err.next) : '');
  return true;
}

/** @param {Record<string, string>} values */
async function add(values) {
  const sent = await body(adding, values);
  if (!sent) return;
  try {
    await ask('POST', '/v1/account/passengers', sent);
  } catch (err) {
    if (err instanceof Unreachable) unanswered.add = true;
    const there = err instanceof Problem && err.code === 'passenger_already_listed' && unanswered.add
      && (await list.load())?.passengers.some((p) => p.document_number === sent.document_number && p.document_type === sent.document_type);
    if (!there) {
      if (placed(adding, err)) return;
      throw err;
    }
  }
  unanswered.add = false;
  Object.assign(adding.values, blank);
  await list.load();
  say(t('added'));
  leaveTo('passengers');
}

/** Draws the form that adds a passenger. */
export function passengerAddView() {
  return html`<h1>${t('addTitle')}</h1>${list.show(({ holder, passengers }) => {
    const types = addable(holder);
    if (!types.length) return html`<div class="notice warn"><p>${pick(holder.next_step)}</p></div><p><a href="#profile">${t('profile')}</a></p>`;
    if (!types.includes(adding.values.document_type)) adding.values.document_type = types[0];
    const n = counts(passengers);
    const other = kindOf(adding.values.document_type) === 'other';
    return html`
      ${other && n.toBeSubmitted >= LIMITS.toBeSubmitted ? html`<div class="notice warn"><p>${t('submittedFull', LIMITS.toBeSubmitted)}</p></div>` : nothing}
      ${n.listed >= LIMITS.listed ? html`<div class="notice warn"><p>${t(kindOf(holder.document_type) === 'resident' ? 'countFull' : 'countFullOther')}</p></div>` : nothing}
      ${kindOf(holder.document_type) === 'other' ? html`<div class="notice"><p>${t('otherOnly')}</p></div>` : nothing}
      <form class="card" novalidate @submit=${adding.submit(withLogin(add))}>
        ${personFields(adding, { types })}
        ${consentField(adding, t('consentPassenger'))}${adding.fault()}
        <p class="actions"><button class="grow" aria-busy=${adding.busy}>${t('save')}</button><a class="button second" href="#passengers">${t('cancel')}</a></p>
        <p class="hint">${t('childHint')}</p>
      </form>`;
  })}`;
}

/** Draws one passenger with status, what to do next, and what is possible. */
export function passengerView() {
  const place = route()[1];
  return html`<h1>${t('passenger')}</h1>${list.show(({ holder }) => {
    const of = passengerAt(place);
    if (!of) return gone();
    const fixed = of.status === 'verified' || of.status === 'pre_verified' || (of.status === 'to_be_submitted' && of.tickets > 0);
    const until = keptUntil(holder, of);
    const kept = until > now() / 1000;
    return html`
      <section class="card" aria-labelledby="passenger-name"><div class="between"><h2 class="first" id="passenger-name"><bdi>${of.name}</bdi></h2>${chip(of.status)}</div>
        <dl class="facts spaced">
          <dt>${t('documentType')}</dt><dd>${documentName(of.document_type)}</dd>
          <dt>${t('number')}</dt><dd class="number">${revealed() ? of.document_number : maskNumber(of.document_number)}</dd>
          ${of.nationality ? html`<dt>${t('nationality')}</dt><dd>${nationalityName(of.nationality)}</dd>` : nothing}
          <dt>${t('addedAt')}</dt><dd>${day(of.added_at)}</dd>
          <dt>${t('tickets')}</dt><dd>${t('ticketsCount', of.tickets)}${of.status === 'to_be_submitted' ? html` <span class="soft">${t('ticketsEach', LIMITS.ticketsEach)}</span>` : nothing}</dd>
        </dl><p class="end">${revealButton()}</p></section>
      <section class="card" aria-labelledby="passenger-status"><h2 class="first" id="passenger-status">${t('status')}</h2>${guidance(of, { own: false })}</section>
      <section class="card" aria-label=${t('change')}>
        ${fixed ? html`<p>${t(of.status === 'to_be_submitted' ? 'ticketFixed' : 'identityFixed')}</p>` : html`<p><a class="button wide" href="#passengers/${place}/edit">${t(of.status === 'failed' ? 'editFailed' : 'edit')}</a></p>`}
        ${kept ? html`<p class="soft">${t('keptUntil', LIMITS.keptDays, day(until))}</p>` : of.status === 'to_be_submitted' && of.tickets > 0 ? nothing : html`<p><a class="button second wide" href="#passengers/${place}/delete">${t('delete')}</a></p>`}
      </section>`;
  })}`;
}

function gone() {
  return html`<div class="notice warn"><p>${t('passengerGone')}</p></div><p><a class="button" href="#passengers">${t('passengers')}</a></p>`;
}

/** Prepares the edit of the passenger of the view. A form that was filled from the same version stays as it is. */
export async function enterPassengerEdit() {
  const place = route()[1];
  if (!list.value) await list.load();
  const of = passengerAt(place);
  if (!of || (edited?.passenger === of.passenger && edited.version === of.version)) return;
  edited = of;
  unanswered.edit = false;
  editing.faults = {};
  Object.assign(editing.values, {
    name: of.name, document_type: of.document_type, document_number: of.document_number, nationality: of.nationality ?? '', substituted: of.substituted ? 'yes' : '', policy: '',
  });
}

/** @param {Record<string, string>} values */
async function save(values) {
  const of = edited;
  const sent = await body(editing, values);
  if (!of || !sent) return;
  try {
    await ask('PUT', `/v1/account/passengers/${of.passenger}`, { version: of.version, ...sent });
  } catch (err) {
    if (err instanceof Unreachable) unanswered.edit = true;
    const changed = err instanceof Problem && err.code === 'registry_entry_changed';
    const newer = changed ? (await list.load())?.passengers.find((p) => p.passenger === of.passenger) : undefined;
    if (newer) edited = newer; // the entries stay; saved again, they replace the newer version
    if (!(unanswered.edit && newer?.name === sent.name && newer.document_number === sent.document_number)) {
      if (placed(editing, err)) return;
      throw err;
    }
  }
  edited = null;
  await list.load();
  say(t('saved'));
  leaveTo(`passengers/${route()[1]}`);
}

/** Draws the edit of a passenger. */
export function passengerEditView() {
  const place = route()[1];
  return html`<h1>${t('passengerEdit')}</h1>${list.show(({ holder }) => {
    const of = passengerAt(place);
    if (!of) return gone();
    if (!edited || edited.passenger !== of.passenger) return html`<p role="status">${t('loading')}</p>`;
    const types = new Set([of.document_type, ...addable(holder)]);
    return html`${of.status === 'failed' ? html`<div class="notice warn"><p>${pick(of.next_step)}</p></div>` : nothing}
      <form class="card" novalidate @submit=${editing.submit(withLogin(save))}>
        ${personFields(editing, { types: [...types] })}${consentField(editing, t('consentPassenger'))}${editing.fault()}
        <p class="actions"><button class="grow" aria-busy=${editing.busy}>${t('save')}</button><a class="button second" href="#passengers/${place}">${t('cancel')}</a></p>
      </form>`;
  })}`;
}

/** Draws the question before a passenger is deleted. */
export function passengerDeleteView() {
  const place = route()[1];
  return html`<h1>${t('delete')}</h1>${list.show(() => {
    const of = passengerAt(place);
    if (!of) return gone();
    return html`<div class="card"><p>${t('deleteSure')}</p><p class="big"><bdi>${of.name}</bdi></p>
      <p class="soft">${documentName(of.document_type)} <span class="number">${maskNumber(of.document_number)}</span></p><p>${t('deleteWhat')}</p>${deleting.fault()}
      <p class="actions"><button type="button" class="danger grow" aria-busy=${deleting.busy} ?disabled=${deleting.busy} @click=${() => remove(of)}>${t('deleteDo')}</button><a class="button second" href="#passengers/${place}">${t('cancel')}</a></p></div>`;
  })}`;
}

/** @param {Passenger} of */
function remove(of) {
  return deleting.run(() => withLogin(async () => {
    try {
      await ask('DELETE', `/v1/account/passengers/${of.passenger}`);
    } catch (err) {
      if (!(err instanceof Problem) || err.code !== 'registry_entry_not_found') throw err; // deleted by an earlier request
    }
    await list.load();
    say(t('deleted'));
    leaveTo('passengers');
  })({}));
}

/** Clears what an earlier question left. */
export function enterDelete() {
  deleting.faults = {};
}

/** Reads list and policy. */
export function enterPassengers() {
  void list.load();
  if (!policy.value) void policy.load();
}

