/**
 * The data about a person (rule B12): readable, and as a file.
 * @module
 */

import { call } from '../../ui/http.js';
import { when } from '../../ui/language.js';
import { go, html, nothing } from '../../ui/page.js';
import { bearer } from '../login.js';
import { state } from '../state.js';
import { ask, Loaded } from './load.js';
import { documentName, maskNumber, nationalityName } from './person.js';
import { revealButton, revealed } from './profile.js';
import { chip } from './status.js';
import { t } from './texts.js';

/** The personal data of the account. */
export const held = new Loaded(async () => ask('GET', '/v1/account/data'));

/** The personal data of the application on this phone, for people with and without a login. */
export const heldApplication = new Loaded(async () => state.held && call('GET', `/v1/applications/${state.held.id}/data`, { bearer: state.held.token || bearer() }));

/** Reads what the view shows. @param {string | undefined} which */
export function enterHeld(which) {
  if (which !== 'application') return void held.load();
  if (state.held) {
    heldApplication.clear();
    return void heldApplication.load();
  }
  go('result', { replace: true });
}

/**
 * Offers a value as a file; it is made on this phone.
 * @param {unknown} value
 * @param {string} name
 */
function save(value, name) {
  const url = URL.createObjectURL(new Blob([JSON.stringify(value, null, 2)], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

const time = (/** @type {number} */ seconds) => when(seconds, { year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' });
const number = (/** @type {string} */ text) => html`<span class="number">${revealed() ? text : maskNumber(text)}</span>`;

/** @param {string} head @param {unknown} content @param {number} [n] */
const part = (head, content, n) => html`<details class="card part" ?open=${n === undefined}><summary><h2>${head}</h2>${n === undefined ? nothing : html`<span class="soft number">${n}</span>`}</summary>${n === 0 ? html`<p class="soft">${t('nothingHeld')}</p>` : content}</details>`;

/** @param {[string, unknown][]} rows */
const facts = (rows) => html`<dl class="facts">${rows.filter(([, value]) => value !== undefined && value !== '' && value !== null).map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;

/** @param {any} p a person of the answer */
const personRows = (p) => /** @type {[string, unknown][]} */ ([
  [t('name'), html`<bdi>${p.name}</bdi>`], [t('documentType'), documentName(p.document_type)], [t('number'), number(p.document_number)],
  [t('nationality'), p.nationality && nationalityName(p.nationality)], [t('status'), p.status && chip(p.status)],
]);

/** @param {any} a an application of the answer */
const applicationFacts = (a) => facts([
  [t('applicationStatus'), t(/** @type {any} */ (`status_${a.status}`))], [t('submittedAt'), time(a.submitted_at)],
  [t('validity'), a.approved_at && `${time(a.approved_at)} – ${time(a.expires_at)}`], [t('serial'), a.serial],
  [t('name'), html`<bdi>${a.name}</bdi>`], [t('number'), number(a.document_number)], [t('city'), a.city],
  [t('sessionsShown'), String(a.sessions)], [t('pseudonym'), a.subject && html`<span class="number">${a.subject}</span>`],
  [t('consentTo'), a.consent && `${a.consent.policy} · ${time(a.consent.at)}`], [t('erasedAt'), time(a.erased_at)],
]);

/** @param {any[]} proofs */
const paperProofs = (proofs) => html`<ul class="rows">${proofs.map((p) => html`<li>${facts([[t('issuedAt'), time(p.issued_at)], [t('reason'), t(/** @type {any} */ (`proof_${p.reason}`))], [t('erasedAt'), time(p.erased_at)]])}</li>`)}</ul>`;

/** @param {any} f failures of the answer */
const failures = (f) => facts([[t('failures'), String(f.failures ?? f.sent)], [t('locks'), f.locks === undefined ? undefined : String(f.locks)], [t('lockedUntil'), f.locked_until && time(f.locked_until)]]);

const intro = () => html`<p>${t('dataWhat')}</p>`;

/** @param {unknown} value @param {string} kind */
const buttons = (value, kind) => html`<p class="actions"><button type="button" @click=${() => save(value, `railgate-${kind}-${new Date().toISOString().slice(0, 10)}.json`)}>${t('dataSave')}</button>${revealButton()}</p><p class="hint">${t('dataSaveHint')}</p>`;

/** Draws the data about the account. */
export function heldView() {
  return html`<h1>${t('data')}</h1>${intro()}${held.show((d) => html`${buttons(d, 'account')}
    ${part(t('profile'), facts([...personRows(d.profile),
      [t('loginName'), d.profile.login_name], [t('phone'), d.profile.phone && html`<span class="number">${revealed() ? d.profile.phone : maskNumber(d.profile.phone)}</span>`],
      [t('phoneIs'), d.profile.phone_verified_at && time(d.profile.phone_verified_at)], [t('email'), d.profile.email && (revealed() ? d.profile.email : '***')],
      [t('since'), time(d.profile.created_at)], [t('passwordSetAt'), time(d.password_set_at)],
    ]))}
    ${part(t('consents'), html`<ul class="rows">${d.consents.map((/** @type {any} */ c) => html`<li>${t('version', c.policy)} <span class="soft">${time(c.at)}</span></li>`)}</ul>`, d.consents.length)}
    ${part(t('logins'), html`<ul class="rows">${d.logins.map((/** @type {any} */ l) => html`<li>${l.this ? html`<span class="chip good">${t('thisLogin')}</span>` : l.ended_at ? nothing : html`<span class="chip warn">${t('otherLogin')}</span>`}
      ${facts([[t('beganAt'), time(l.began_at)], [t('usedAt'), time(l.used_at)], l.ended_at ? [t('endedAt'), time(l.ended_at)] : [t('endsAt'), time(l.expires_at)]])}</li>`)}</ul><p><a href="#logout">${t('logoutAll')}</a></p>`, d.logins.length)}
    ${part(t('applications'), html`<ul class="rows">${d.applications.map((/** @type {any} */ a) => html`<li>${applicationFacts(a)}</li>`)}</ul>`, d.applications.length)}
    ${d.registry ? html`${part(t('passengers'), html`<ul class="rows">${d.registry.passengers.map((/** @type {any} */ p) => html`<li>${facts([...personRows(p), [t('addedAt'), time(p.added_at)], [t('tickets'), t('ticketsCount', p.tickets)], [t('consentTo'), `${p.policy} · ${time(p.agreed_at)}`]])}</li>`)}</ul>`, d.registry.passengers.length)}
    ${part(t('tickets'), html`<ul class="rows">${d.registry.tickets.map((/** @type {any} */ k) => html`<li>${facts([
      [t('journey'), k.journey && html`<bdi>${k.journey.train}</bdi> <bdi>${k.journey.from}</bdi> → <bdi>${k.journey.to}</bdi>`], [t('departure'), k.journey && time(k.journey.departs_at)],
      [t('seat'), k.journey && html`<bdi>${k.journey.coach}</bdi> / <bdi>${k.journey.seat}</bdi>`], [t('status'), t(/** @type {any} */ (`ticket_${k.state}`))],
      [t('passenger'), k.passenger === 'holder' ? t('holder') : html`<bdi>${d.registry.passengers.find((/** @type {any} */ p) => p.passenger === k.passenger)?.name ?? ''}</bdi>`],
      [t('order'), k.order], [t('reference'), k.reference], [t('reportedAt'), time(k.reported_at)],
    ])}</li>`)}</ul>`, d.registry.tickets.length)}` : nothing}
    ${part(t('paperProofs'), paperProofs(d.paper_proofs), d.paper_proofs.length)}
    ${part(t('accountCodes'), html`<ul class="rows">${d.account_codes.map((/** @type {any} */ c) => html`<li>${facts([[t('client'), html`<bdi>${c.client}</bdi>`], [t('madeAt'), time(c.made_at)], [t('redeemedAt'), c.redeemed_at ? time(c.redeemed_at) : t('notRedeemed')]])}</li>`)}</ul>`, d.account_codes.length)}
    ${part(t('counters'), html`<h3>${t('failedLogins')}</h3>${failures(d.failed_logins)}<h3>${t('phoneCodes')}</h3>${failures(d.phone_codes)}${d.registry ? html`<h3>${t('failedProofs')}</h3>${failures(d.registry.failed_proofs)}` : nothing}`)}`)}
    <p><a href="#privacy">${t('privacy')}</a></p>`;
}

/** Draws the data of one application. */
export function heldApplicationView() {
  return html`<h1>${t('dataApplication')}</h1>${intro()}${heldApplication.show((a) => html`${buttons(a, 'application')}
    <section class="card" aria-label=${t('applications')}>${applicationFacts(a)}</section>
    ${part(t('paperProofs'), paperProofs(a.paper_proofs), a.paper_proofs.length)}`)}<p><a href="#privacy">${t('privacy')}</a></p>`;
}

