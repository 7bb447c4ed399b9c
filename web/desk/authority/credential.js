/**
 * One credential: its status, revoking and unrevoking it, forgiving its passages.
 * @module
 */

import { Form } from '../../ui/form.js';
import { go, html, nothing, update } from '../../ui/page.js';
import { accepted, act } from '../action.js';
import { ask, may } from '../login.js';
import { onNext } from '../personal.js';
import { scanField } from '../scan.js';
import { forgiveReason, options, revokeReason } from '../window/words.js';
import { showObject } from './audit.js';
import { exactly } from './parts.js';
import { serialOf } from './serial.js';
import { t } from './texts.js';

/** @typedef {{status: 'approved' | 'expired' | 'superseded' | 'revoked', serial: string, approved_at: number, expires_at: number, renewable_at: number}} Status */

const form = new Form({ serial: '' }, { credential_not_found: 'serial', credential_expired: 'serial', credential_superseded: 'serial', credential_revoked: 'serial' });

/** @type {string | null} */
let serial = null;

/** @type {Status | null} */
let found = null;

function clear() {
  form.values.serial = '';
  form.faults = {};
  serial = found = null;
}
onNext(clear);

let taking = false;

/** Takes the serial in the field: a code is replaced by its serial at once. */
async function take() {
  const { serial: given, fault } = serialOf(form.values.serial);
  serial = found = null;
  if (given === undefined) {
    if (fault === 'code') form.values.serial = '';
    return form.refuse('serial', t(fault === 'empty' ? 'serialEmpty' : fault === 'code' ? 'serialCode' : 'serialForm'), fault === 'empty' ? '' : t(fault === 'code' ? 'serialCodeNext' : 'serialFormNext'));
  }
  form.values.serial = given;
  taking = true;
  try {
    if (may('look_up_credential')) found = await ask('GET', `/v1/credentials/${given}`);
  } finally {
    taking = false;
  }
  serial = given;
}

const object = () => t('objectCredential', /** @type {string} */ (serial));

/** Looks whether an action without an answer was done. */
const look = () => may('look_up_credential') ? { look: async () => {
  found = await ask('GET', `/v1/credentials/${serial}`);
  return t('looked', t(/** @type {Status} */ (found).status));
} } : {};

/** A refusal that the view shows beside the field. */
const beside = (/** @type {import('../../ui/http.js').Problem} */ err) => err.code in form.places;

async function revoke() {
  const answer = await act({
    title: t('revokeTitle'), object: object(), effect: t('revokeEffect'), told: t('revokeTold'), danger: true, confirm: t('revoke'), repeatable: true,
    undo: found ? t('revokeUndoUntil', exactly(found.expires_at)) : t('revokeUndo'),
    reasons: options(revokeReason, ['lost_phone', 'fraud', 'superseded', 'staff']),
    send: (reason) => ask('POST', `/v1/credentials/${serial}/revoke`, { reason }), done: accepted, beside, ...look(),
  });
  if (answer && found) found = { ...found, status: 'revoked' };
  update();
}

async function unrevoke() {
  const answer = await act({
    title: t('unrevokeTitle'), object: object(), effect: t('unrevokeEffect'), told: t('recorded'), undo: t('unrevokeUndo'), confirm: t('unrevoke'), repeatable: true,
    send: () => ask('POST', `/v1/credentials/${serial}/unrevoke`, {}), done: accepted, beside, ...look(),
  });
  if (answer && found) found = { ...found, status: 'approved' };
  update();
}

async function forgive() {
  await act({
    title: t('forgiveTitle'), object: object(), effect: t('forgiveEffect'), told: t('recorded'), undo: t('forgiveUndo'), confirm: t('forgive'), repeatable: true,
    reasons: options(forgiveReason, ['gate_fault', 'wrong_gate', 'staff']),
    send: (reason) => ask('POST', '/v1/passages/forgive', { serial, reason }), done: accepted, beside,
  });
}

/** @type {Record<Status['status'], string>} */
const LOOKS = { approved: 'good', revoked: 'bad', expired: 'soft', superseded: 'warn' };

function card() {
  if (!serial) return nothing;
  const status = found?.status;
  const can = (/** @type {Status['status'][]} */ ...of) => !status || of.includes(status);
  return html`<section class="card credential" aria-live="polite">
    <div class="headline"><h2 class="number">${serial}</h2>${status ? html`<span class="chip ${LOOKS[status]}">${t(status)}</span>` : nothing}</div>
    ${found ? html`<p>${t(/** @type {'approvedMeans'} */ (`${found.status}Means`))}</p>
      <dl class="facts"><dt>${t('approvedAt')}</dt><dd class="number">${exactly(found.approved_at)}</dd><dt>${t('expiresAt')}</dt><dd class="number">${exactly(found.expires_at)}</dd>
        <dt>${t('renewableAt')}</dt><dd class="number">${exactly(found.renewable_at)}</dd></dl>`
    : html`<p class="soft">${t('noLookUp')}</p>`}
    <div class="actions">
      ${may('revoke') && can('approved') ? html`<button type="button" class="danger" @click=${() => form.run(revoke)}>${t('revoke')}</button>` : nothing}
      ${may('unrevoke') && can('revoked') ? html`<button type="button" @click=${() => form.run(unrevoke)}>${t('unrevoke')}</button>` : nothing}
      ${may('forgive') && can('approved') ? html`<button type="button" class="second" @click=${() => form.run(forgive)}>${t('forgive')}</button>` : nothing}
      ${may('read_object_audit_log') ? html`<button type="button" class="quiet" @click=${() => {
        showObject('credential', /** @type {string} */ (serial));
        go('audit');
      }}>${t('history')}</button>` : nothing}
      <button type="button" class="quiet" @click=${() => { clear(); update(); }}>${t('another')}</button></div></section>`;
}

/** @type {import('../shell.js').DeskView} */
export const credentialView = {
  id: 'credential',
  title: () => t('credential'),
  about: () => t('credentialAbout'),
  group: () => t('groupCredential'),
  operations: ['look_up_credential', 'revoke', 'unrevoke', 'forgive'],
  roles: ['window', 'police', 'operator'],
  view: () => html`<h1>${t('credential')}</h1>
    <form class="card" novalidate @submit=${form.submit(take)}>
      ${scanField(form, 'serial', { label: t('serial'), hint: t('serialHint'), max: 1024 }, {
        read: () => void form.run(take), button: html`<button aria-busy=${taking} ?disabled=${form.busy}>${may('look_up_credential') ? t('lookUp') : t('choose')}</button>`,
      })}
      ${form.fault()}
      ${may('look_up_credential') ? html`<p class="hint">${t('lookUpNote')}</p>` : nothing}
    </form>${card()}`,
};
