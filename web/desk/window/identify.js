/**
 * From a passenger's code to the person and the tickets, and what a window may do with the temporary ID.
 * @module
 */

import { Form } from '../../ui/form.js';
import { announce, go, html, nothing, update } from '../../ui/page.js';
import { when } from '../../ui/language.js';
import { accepted, act } from '../action.js';
import { ask, may, member } from '../login.js';
import { expose, onNext } from '../personal.js';
import { scanField, scanned } from '../scan.js';
import { choice, missing } from './fields.js';
import { prepareService } from './service.js';
import { t } from './texts.js';
import { documentName, forgiveReason, options, purposeName, revokeReason, scopeName, serviceName, ticketState } from './words.js';

/** @typedef {{train: string, from: string, to: string, departs_at: number, arrives_at: number, coach: string, seat: string}} Journey */
/** @typedef {{state: string, ends_at: number, order?: string, reference?: string, journey?: Journey}} Booking */
/** @typedef {{serial: string, scopes: string[], seconds_left: number, name: string, document_type: string, document_number_masked: string, bookings: Booking[]}} Identified */

/** A whole code: docs/token-format.md, TextSize. */
const WHOLE = /^RG1:.{188}$/;

const form = new Form({ purpose: '', code: '' }, {
  code_refused: 'code', credential_not_found: 'code', body_malformed: 'code', purpose_forbidden: 'purpose', purpose_invalid: 'purpose',
});

/** @type {Identified | null} */
let found = null;

onNext(() => {
  found = null;
  form.values.code = '';
  form.faults = {};
});

/** @param {Record<string, string>} values */
async function identify({ purpose, code }) {
  found = null;
  if (!purpose) return form.refuse('purpose', t('choose'));
  if (missing(form, { code: scanned(code) }, 'code')) return form.refuse('code', t('codeMissing'));
  const text = scanned(code);
  form.values.code = ''; // a code is shown once
  found = /** @type {Identified} */ (await ask('POST', '/v1/identifications', { code: text, purpose }));
  expose();
  announce(t('compare'));
}

/** Draws the view. */
export function identifyView() {
  const purposes = member()?.purposes ?? [];
  if (purposes.length === 1) form.values.purpose = purposes[0];
  return html`<h1>${t('identify')}</h1>
    <form class="card" novalidate @submit=${form.submit(identify)}>
      ${choice(form, 'purpose', t('purpose'), options(purposeName, /** @type {any} */ (purposes)))}
      ${scanField(form, 'code', { label: t('code'), hint: t('codeHint'), max: 1024 }, {
        whole: WHOLE, read: () => void form.run(() => identify(form.values)), button: html`<button aria-busy=${form.busy} ?disabled=${form.busy}>${t('doIdentify')}</button>`,
      })}
      ${form.fault()}
    </form>
    ${found ? result(found) : html`<p class="soft">${t('auditedNotice')}</p>`}`;
}

/** @param {Identified} p */
function result(p) {
  return html`<section class="card person-card" aria-labelledby="who">
      <div><h2 class="person" id="who"><bdi>${p.name}</bdi></h2>
        <p class="document number">${documentName(/** @type {any} */ (p.document_type))} ${p.document_number_masked}</p>
        <p class="good"><strong>${t('compare')}</strong></p></div>
      <dl class="facts"><dt>${t('serial')}</dt><dd class="number">${p.serial}</dd>
        <dt>${t('usable')}</dt><dd>${p.scopes.map((s) => scopeName(/** @type {any} */ (s))).join(' · ')}</dd>
        <dt>${t('remaining')}</dt><dd>${t('minutes', Math.floor(p.seconds_left / 60))}</dd></dl>
      <p class="soft">${t('audited')}</p>
    </section>
    <section aria-labelledby="tickets"><h2 id="tickets">${t('tickets')}</h2>
      ${p.bookings.length ? html`<ul class="cards">${p.bookings.map(ticket)}</ul>` : html`<p class="soft">${t('noTickets')}</p>`}</section>
    ${may('forgive', 'revoke') ? exceptions(p.serial) : nothing}`;
}

/** @param {Booking} b */
function ticket(b) {
  const j = b.journey;
  return html`<li class="card ticket"><div>
      ${j ? html`<p class="way"><bdi>${j.train}</bdi> <bdi>${j.from}</bdi> → <bdi>${j.to}</bdi></p>
        <p>${when(j.departs_at)} – ${when(j.arrives_at, { hour: '2-digit', minute: '2-digit' })} · <bdi>${t('coachSeat', j.coach, j.seat)}</bdi></p>`
      : html`<p class="way">${t('noJourney')}</p><p>${t('ticketUntil', when(b.ends_at))}</p>`}
      <p class="soft"><span class="chip ${b.state === 'valid' ? 'good' : b.state === 'cancelled' ? 'bad' : ''}">${ticketState(/** @type {any} */ (b.state))}</span>
        ${b.order ? html`${t('order')} <bdi class="number">${b.order}</bdi>` : nothing}</p></div>
    <div class="actions">${b.reference ? services().map((s) => html`<button type="button" class="second" @click=${() => serve(b, s)}>${serviceName(s)}</button>`) : nothing}</div></li>`;
}

/** The services that the credential allows. */
function services() {
  return /** @type {const} */ (['exchange', 'change', 'refund']).filter((s) => may(`${s}_ticket`));
}

/**
 * @param {Booking} b
 * @param {string} service
 */
function serve(b, service) {
  prepareService(b.reference ?? '', service);
  go('service');
}

/** @param {string} serial */
function exceptions(serial) {
  return html`<section aria-labelledby="exceptions"><h2 id="exceptions">${t('exceptions')}</h2><ul class="rows card">
    ${may('forgive') ? html`<li class="ticket"><div><strong>${t('forgive')}</strong><p class="soft">${t('forgiveWhen')}</p></div>
      <button type="button" class="second" @click=${() => forgive(serial)}>${t('forgive')}</button></li>` : nothing}
    ${may('revoke') ? html`<li class="ticket"><div><strong>${t('revoke')}</strong><p class="soft">${t('revokeWhen')}</p></div>
      <button type="button" class="danger" @click=${() => revoke(serial)}>${t('revoke')}</button></li>` : nothing}</ul></section>`;
}

/** @param {string} serial */
async function forgive(serial) {
  await act({
    title: t('forgive'), object: t('credentialOf', serial), effect: t('forgiveEffect'), told: t('toldGates'), undo: t('forgiveUndo'), confirm: t('forgive'),
    reasons: options(forgiveReason, ['gate_fault', 'wrong_gate', 'staff']), repeatable: true,
    send: (reason) => ask('POST', '/v1/passages/forgive', { serial, reason }), done: accepted,
  });
  update();
}

/** @param {string} serial */
async function revoke(serial) {
  await act({
    title: t('revoke'), object: t('credentialOf', serial), effect: t('revokeEffect'), told: t('revokeTold'), undo: t('revokeUndo'), confirm: t('revoke'), danger: true,
    reasons: options(revokeReason, ['lost_phone', 'fraud', 'superseded', 'staff']), repeatable: true,
    send: (reason) => ask('POST', `/v1/credentials/${encodeURIComponent(serial)}/revoke`, { reason }), done: accepted,
  });
  update();
}
