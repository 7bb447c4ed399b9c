/**
 * Paper proofs: recording one, and printing it.
 * @module
 */

import { Form } from '../../ui/form.js';
import { html, nothing, update } from '../../ui/page.js';
import { act } from '../action.js';
import { ask, member } from '../login.js';
import { expose, onNext } from '../personal.js';
import { documentName } from '../window/words.js';
import { exactly } from './parts.js';
import { t } from './texts.js';

/** @typedef {{paper_proof: string, reason: string, issued_at: number, erased_at: number}} Proof */

const TYPES = /** @type {const} */ (['resident_id', 'passport', 'hk_macau_permit', 'taiwan_permit']);
const REASONS = /** @type {const} */ (['quota_used_up', 'not_approved', 'document_not_supported', 'no_phone']);

const form = new Form({ type: 'resident_id', name: '', number: '', nationality: '' }, {
  identity_document_invalid: 'type', first_generation_card: 'number', identity_number_invalid: 'number', identity_nationality_invalid: 'nationality',
});

/** @type {{proof: Proof, name: string, type: typeof TYPES[number], number: string, nationality: string} | null} */
let issued = null;

function clear() {
  Object.assign(form.values, { type: 'resident_id', name: '', number: '', nationality: '' });
  form.faults = {};
  issued = null;
}
onNext(clear);

async function issue() {
  const type = /** @type {typeof TYPES[number]} */ (form.values.type);
  const name = form.values.name.normalize('NFC').trim();
  const number = form.values.number.normalize('NFKC').trim().toUpperCase();
  const nationality = type === 'passport' ? form.values.nationality.normalize('NFKC').trim().toUpperCase() : '';
  if (!name) form.faults.name = { text: t('nameMissing'), next: '' };
  if (!name) return update();
  const answer = await act({
    title: t('paperTitle'), object: html`<bdi>${name}</bdi> · ${documentName(type)} · <span class="number">${number}</span>`, effect: t('paperEffect'), told: t('paperTold'), undo: t('paperUndo'), confirm: t('paperIssue'),
    reasons: REASONS.map((r) => [r, t(r)]),
    send: (reason) => ask('POST', '/v1/paper-proofs', { document_type: type, document_number: number, ...(nationality ? { nationality } : {}), reason }),
    done: (proof) => t('paperDone', proof.paper_proof),
    beside: (err) => err.code in form.places,
  });
  if (answer) {
    issued = { proof: answer, name, type, number, nationality };
    expose();
  }
  update();
}

function paper() {
  if (!issued) return nothing;
  const { proof, name, type, number, nationality } = issued;
  return html`<article class="paper" aria-label=${t('printTitle')}>
    <h2>${t('printTitle')}</h2><p>${t('printBody')}</p>
    <dl class="facts"><dt>${t('name')}</dt><dd><bdi>${name}</bdi></dd><dt>${t('documentType')}</dt><dd>${documentName(type)}${nationality ? html` (${nationality})` : nothing}</dd>
      <dt>${t('documentNumber')}</dt><dd class="number">${number}</dd><dt>${t('issuedAt')}</dt><dd class="number">${exactly(proof.issued_at)}</dd>
      <dt>${t('issuedBy')}</dt><dd><bdi>${member()?.name ?? ''}</bdi> ${t('seal')}</dd><dt>${t('number')}</dt><dd class="number">${proof.paper_proof}</dd></dl>
    <p class="soft">${t('printNote')}</p></article>
    <div class="actions"><button type="button" @click=${() => print()}>${t('print')}</button>
      <button type="button" class="quiet" @click=${() => { clear(); update(); }}>${t('another')}</button></div>`;
}

/** @type {import('../shell.js').DeskView} */
export const paperView = {
  id: 'paper',
  title: () => t('paper'),
  about: () => t('paperAbout'),
  group: () => t('groupCredential'),
  operations: ['issue_paper_proof'],
  roles: ['police'],
  personal: true,
  view: () => html`<h1>${t('paper')}</h1>${issued ? paper() : html`<form class="card" novalidate @change=${() => update()} @submit=${form.submit(issue)}>
    <div class="pair">${form.field('type', { label: t('documentType'), options: TYPES.map((type) => [type, documentName(type)]) })}
      ${form.field('name', { label: t('name'), hint: t('nameHint'), max: 120 })}
      ${form.field('number', { label: t('documentNumber'), max: 30 })}
      ${form.values.type === 'passport' ? form.field('nationality', { label: t('nationality'), hint: t('nationalityHint'), optional: true, max: 3 }) : nothing}</div>
    ${form.fault()}
    <div class="actions"><button aria-busy=${form.busy} ?disabled=${form.busy}>${t('paperIssue')}…</button></div></form>`}`,
};
