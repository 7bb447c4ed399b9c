/**
 * Whether this counter may exchange, change or refund a ticket, and the steps before it (rule B7).
 * @module
 */

import { Form } from '../../ui/form.js';
import { go, html, nothing } from '../../ui/page.js';
import { pick } from '../../ui/language.js';
import { ask, may } from '../login.js';
import { onNext } from '../personal.js';
import { check, choice, missing } from './fields.js';
import { t } from './texts.js';
import { options, serviceName } from './words.js';

/** @typedef {import('../../ui/language.js').Bilingual} Bilingual */
/** @typedef {{allowed: boolean, first?: 'verification' | 'pre_verification', refused?: {code: string, text: Bilingual, next_step: Bilingual, contact?: Bilingual}}} Decision */
/** @typedef {'exchange' | 'change' | 'refund'} Service */

const empty = { ticket: '', service: '', order: '', original: '' };

const form = new Form(empty, { ticket_unknown: 'ticket', registry_entry_not_found: 'ticket', ticket_question_invalid: 'ticket', body_malformed: 'ticket' });

/** The fields beside which a decision's refusal is shown. */
const refusals = /** @type {Record<string, string>} */ ({ original_missing: 'original', order_number_wrong: 'order' });

/** @type {{decision: Decision, service: Service} | null} */
let answer = null;

onNext(clear);

function clear() {
  form.values = { ...empty };
  form.faults = {};
  answer = null;
}

/**
 * Fills in the ticket of an identified passenger.
 * @param {string} ticket
 * @param {string} service
 */
export function prepareService(ticket, service) {
  clear();
  form.values.ticket = ticket;
  form.values.service = service;
}

/** @param {Record<string, string>} values */
async function decide(values) {
  answer = null;
  if (!values.service) form.refuse('service', t('choose'));
  if (missing(form, values, 'ticket') || !values.service) return;
  const order = values.order.normalize('NFKC').trim();
  const decision = /** @type {Decision} */ (await ask('POST', '/v1/counter/services', {
    ticket: values.ticket.normalize('NFKC').trim(), service: values.service, ...(values.original ? { original: true } : {}), ...(order ? { order } : {}),
  }));
  answer = { decision, service: /** @type {Service} */ (values.service) };
  const place = refusals[decision.refused?.code ?? ''];
  if (place && decision.refused) form.refuse(place, pick(decision.refused.text), pick(decision.refused.next_step));
}

/** Draws the view. */
export function serviceView() {
  const mine = /** @type {const} */ (['exchange', 'change', 'refund']).filter((s) => may(`${s}_ticket`));
  if (mine.length === 1) form.values.service = mine[0];
  return html`<h1>${t('service')}</h1><p class="soft">${t('serviceHint')}</p>
    <form class="card" novalidate @submit=${form.submit(decide)}>
      ${choice(form, 'service', t('serviceWhat'), options(serviceName, mine))}
      <div class="pair">${form.field('ticket', { label: t('ticket'), hint: t('ticketHint'), max: 64 })}
        ${form.field('order', { label: t('serviceOrder'), hint: t('serviceOrderHint'), max: 64, optional: true })}</div>
      ${check(form, 'original', t('serviceOriginal'))}
      ${form.fault()}
      <div class="actions"><button aria-busy=${form.busy} ?disabled=${form.busy}>${t('decide')}</button></div>
    </form>${answer ? result(answer) : nothing}`;
}

/** @param {{decision: Decision, service: Service}} of */
function result({ decision, service }) {
  const name = serviceName(service);
  if (decision.refused) {
    const { text, next_step: next, contact } = decision.refused;
    return html`<div class="notice bad" role="status"><p><strong>${t('notAllowed', name)}</strong></p><p>${pick(text)}</p><p>${pick(next)}</p>${contact ? html`<p>${pick(contact)}</p>` : nothing}</div>`;
  }
  if (decision.first) {
    return html`<div class="notice warn" role="status"><p>${t(decision.first === 'verification' ? 'firstVerification' : 'firstPreVerification', name)}</p></div>
      ${may('verify_resident') ? html`<button type="button" @click=${() => go('verify')}>${t('toVerify')}</button>` : nothing}`;
  }
  return html`<div class="notice good" role="status"><p><strong>${t('allowed', name)}</strong></p></div>`;
}
