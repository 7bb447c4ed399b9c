/**
 * Comparing an original with an entry (rules B, B1, B3 and B10): find, compare, result.
 * @module
 */

import { Form } from '../../ui/form.js';
import { html, nothing, update } from '../../ui/page.js';
import { act } from '../action.js';
import { ask } from '../login.js';
import { expose, onNext } from '../personal.js';
import { entryCard, isHolder, lookAgain, resultCard, steps, viewEntry } from './entries.js';
import {
  choice, missing, noProof, noStatements, proofFields, proofOf, statementFields, statementPlaces, statementsMissing, statementsOf,
} from './fields.js';
import { Search } from './search.js';
import { t } from './texts.js';
import { statusName } from './words.js';

/** @typedef {import('./entries.js').EntryView} EntryView */
/** @typedef {import('./entries.js').Found} Found */

const search = new Search('check', { leave, choose });
const compare = new Form({ ...noStatements, ...noProof, matches: '' }, { ...statementPlaces, contact_proof_wrong: 'proof_value' });

/** @type {EntryView | null} */
let entry = null;
/** @type {string | null} the entry's new status */
let status = null;

onNext(() => search.clear());

function leave() {
  compare.values = { ...noStatements, ...noProof, matches: '' };
  compare.faults = {};
  entry = status = null;
}

/** @param {Found} f */
async function choose(f) {
  leave();
  entry = await viewEntry(f, 'check');
  expose();
  update();
}

/** @param {Record<string, string>} values */
async function submit(values) {
  const e = /** @type {EntryView} */ (entry);
  const how = { delegates: true, holder: e.holder_original_needed };
  let open = statementsMissing(compare, values, how);
  if (e.proof_needed) open = missing(compare, values, 'proof_value') || open;
  if (!values.matches) compare.refuse('matches', t('choose'));
  if (open || !values.matches) return;
  const matches = values.matches === 'same';
  const resident = e.document_type === 'resident_id';
  const answer = await act({
    title: t('verify'), object: html`<bdi>${e.name}</bdi> · ${matches ? t('same') : t('different')}`,
    effect: !matches ? t('differentEffect') : resident ? t('sameEffect', statusName('verified')) : t('sameEffectForeign'),
    told: t('toldPassenger'), undo: t('verifyUndo'), danger: !matches,
    send: () => ask('POST', '/v1/counter/verifications', {
      account: e.account, passenger: e.passenger, version: e.version, ...statementsOf(values), matches,
      ...(values.delegated ? { delegated: true, delegate_original: true } : {}), ...(e.holder_original_needed ? { holder_original: true } : {}), ...(e.proof_needed ? { proof: proofOf(values) } : {}),
    }),
    done: (a) => t('statusNow', statusName(a.status)), look: () => lookAgain(e, 'check'),
    beside: (err) => err.code in compare.places,
  });
  if (answer) status = answer.status;
}

/** Draws the view. */
export function verifyView() {
  const now = status ? 2 : entry ? 1 : 0;
  return html`<h1>${t('verify')}</h1>${steps([t('stepFind'), t('stepCompare'), t('stepResult')], now)}
    ${status && entry ? resultCard(entry.name, status)
      : entry ? comparison(entry) : search.draw({ none: html`<p>${t('foundNone')}</p><p>${t('foundNoneNext')}</p>` })}`;
}

/** @param {EntryView} e */
function comparison(e) {
  return html`${entryCard(e)}<form class="card" novalidate @submit=${compare.submit(submit)}>
    ${statementFields(compare, { delegates: true, holder: e.holder_original_needed })}
    ${e.proof_needed ? proofFields(compare, { holder: isHolder(e) }) : nothing}
    ${choice(compare, 'matches', t('matches'), [['same', t('same')], ['different', t('different')]])}
    ${compare.fault()}
    <div class="actions"><button aria-busy=${compare.busy} ?disabled=${compare.busy}>${t('submit')}</button>
      <button type="button" class="second" @click=${() => { leave(); update(); }}>${t('back')}</button></div></form>`;
}
