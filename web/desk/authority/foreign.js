/**
 * Foreign documents that wait for the national authority's result.
 * @module
 */

import { Problem } from '../../ui/http.js';
import { html, nothing, update } from '../../ui/page.js';
import { act, refusal } from '../action.js';
import { ask } from '../login.js';
import { expose, onNext } from '../personal.js';
import { documentName, statusName } from '../window/words.js';
import { t } from './texts.js';

/** @typedef {{account: string, passenger: string}} Ref */
/** @typedef {Ref & {name: string, document_type: 'passport', document_number: string, nationality?: string, version: number}} Entry */

/** @type {Ref[] | null} */
let waiting = null;
let next = '';

/** @type {unknown} */
let failure = null;
let loading = false;

/** @type {Entry | null} */
let entry = null;

onNext(() => {
  entry = null;
});

/** @param {boolean} [more] the following page */
async function load(more = false) {
  if (loading) return;
  loading = true;
  update();
  try {
    const page = await ask('GET', `/v1/authority/awaiting${more && next ? `?after=${next}` : ''}`);
    waiting = more ? [...waiting ?? [], ...page.entries] : page.entries;
    next = page.next ?? '';
    failure = null;
  } catch (err) {
    failure = err;
  }
  loading = false;
  update();
}

/** @param {Ref} ref */
async function view(ref) {
  failure = null;
  try {
    entry = await ask('POST', '/v1/authority/looks', { account: ref.account, passenger: ref.passenger });
    expose();
  } catch (err) {
    failure = err;
    if (err instanceof Problem && err.status < 500 && err.status !== 429) drop(ref);
  }
  update();
}

/** @param {Ref} ref */
function drop(ref) {
  waiting = (waiting ?? []).filter((w) => w.account !== ref.account || w.passenger !== ref.passenger);
  entry = null;
}

/** @param {boolean} matches */
async function settle(matches) {
  const e = /** @type {Entry} */ (entry);
  let answer;
  try {
    answer = await act(action(e, matches));
  } catch (err) { // the entry is not what was seen
    if (err instanceof Problem && err.code === 'registry_entry_changed') await view(e);
    else drop(e);
    failure = err;
  }
  if (answer) drop(e);
  update();
}

/**
 * @param {Entry} e
 * @param {boolean} matches
 * @returns {import('../action.js').Action}
 */
function action(e, matches) {
  return {
    title: t(matches ? 'matchTitle' : 'differTitle'), object: html`<bdi>${e.name}</bdi> · ${documentName(e.document_type)} · <span class="number">${e.document_number}</span>`,
    effect: t(matches ? 'matchEffect' : 'differEffect'), told: t('settleTold'), undo: t(matches ? 'matchUndo' : 'differUndo'), confirm: t(matches ? 'matches' : 'differs'), danger: !matches,
    send: () => ask('POST', '/v1/authority/results', { account: e.account, passenger: e.passenger, version: e.version, matches }),
    done: ({ status }) => t('settled', statusName(status)),
    look: async () => {
      const page = await ask('GET', '/v1/authority/awaiting');
      const waits = page.entries.some((/** @type {Ref} */ w) => w.account === e.account && w.passenger === e.passenger);
      return waits || page.next ? t('foreignCount', page.entries.length) : t('foreignNone');
    },
    beside: (err) => err.code === 'registry_entry_changed' || err.code === 'status_change_refused' || err.status === 404,
  };
}

/** @param {Ref} w */
const short = (w) => html`<span class="number">${w.account.slice(0, 16)}…</span>`;

function list() {
  if (!waiting) return failure ? nothing : html`<p class="soft" role="status">${t('loading')}</p>`;
  if (!waiting.length) return html`<p class="soft">${t('foreignNone')}</p>`;
  return html`<p>${t(next ? 'foreignMore' : 'foreignCount', waiting.length)}</p>
    <div class="wide"><table><thead><tr><th scope="col">${t('account')}</th><th scope="col">${t('passenger')}</th><th scope="col"><span class="unseen">${t('view')}</span></th></tr></thead>
      <tbody>${waiting.map((w) => html`<tr><td>${short(w)}</td><td class="number">${w.passenger === 'holder' ? t('holder') : html`${w.passenger.slice(0, 16)}…`}</td>
        <td class="end"><button type="button" class="second" @click=${() => view(w)}>${t('view')}</button></td></tr>`)}</tbody></table></div>
    ${next ? html`<button type="button" class="second" aria-busy=${loading} ?disabled=${loading} @click=${() => load(true)}>${t('more')}</button>` : nothing}`;
}

function detail() {
  const e = /** @type {Entry} */ (entry);
  return html`<section class="card"><p class="person"><bdi>${e.name}</bdi></p><p class="document">${documentName(e.document_type)} <span class="number">${e.document_number}</span> ${e.nationality ?? ''}</p>
    <div class="actions"><button type="button" @click=${() => settle(true)}>${t('matches')}…</button>
      <button type="button" class="danger" @click=${() => settle(false)}>${t('differs')}…</button>
      <button type="button" class="quiet" @click=${() => { entry = null; update(); }}>${t('another')}</button></div></section>`;
}

/** @type {import('../shell.js').DeskView} */
export const foreignView = {
  id: 'foreign',
  title: () => t('foreign'),
  about: () => t('foreignAbout'),
  group: () => t('groupAuthority'),
  operations: ['settle_foreign'],
  roles: ['authority'],
  enter: () => void load(),
  view: () => html`<div class="headline"><h1>${t('foreign')}</h1><button type="button" class="quiet" aria-busy=${loading} @click=${() => load()}>${t('reload')}</button></div>
    <p class="hint">${t('viewNote')}</p>${failure ? refusal(failure) : nothing}${entry ? detail() : nothing}${list()}`,
};
