/**
 * The audit log: search, pages, export.
 * @module
 */

import { Form } from '../../ui/form.js';
import { html, nothing, update } from '../../ui/page.js';
import { ask, may, onLogin } from '../login.js';
import { refusal } from '../action.js';
import { roleNames } from '../texts.js';
import { actionName, detailName, kindName, KINDS, t } from './names.js';
import { download, exactly } from './parts.js';
import { fromField } from './time.js';

/** @typedef {import('./digest.js').Entry} Entry */

/** Entries of a page, of a page of an export, and of an export. */
const PAGE = 50;
const EXPORT_PAGE = 500;
const EXPORT = 20_000;

const form = new Form({ from: '', to: '', kind: '', object: '' }, { trail_query_invalid: 'object' });

/** @type {Entry[] | null} */
let found = null;
let next = '';

/** The query of the found entries, without after. */
let query = new URLSearchParams();

/** @type {unknown} */
let failure = null;
let loading = false;
let exporting = 0;
let stopExport = false;
let due = false; // an object is to be searched

onLogin((whose) => {
  if (whose === 'other') found = null;
});

/**
 * Prepares the search for an object; the view runs it when it is entered.
 * @param {string} kind
 * @param {string} id
 */
export function showObject(kind, id) {
  Object.assign(form.values, { from: '', to: '', kind, object: id });
  found = null;
  due = true;
}

/** Returns the query in the form, or null if a field is wrong. */
function wanted() {
  const q = new URLSearchParams();
  const { from, to, kind } = form.values;
  const object = form.values.object.normalize('NFKC').trim();
  const [start, end] = [fromField(from), fromField(to)];
  if (start !== null) q.set('from_ms', String(start * 1000));
  if (end !== null) q.set('to_ms', String(end * 1000));
  if (start !== null && end !== null && end <= start) form.faults.to = { text: t('rangeWrong'), next: '' };
  if (kind) {
    if (!object) form.faults.object = { text: t('objectMissing'), next: '' };
    else if (!/^[0-9A-Za-z_.:-]{1,64}$/.test(object)) form.faults.object = { text: t('objectForm'), next: '' };
    q.set('kind', kind);
    q.set('object', object);
  } else if (!may('read_audit_log')) {
    form.faults.kind = { text: t('objectNeeded'), next: '' };
  }
  update();
  return Object.keys(form.faults).length ? null : q;
}

/** @param {number} limit @param {string} after */
function page(limit, after) {
  const q = new URLSearchParams(query);
  q.set('limit', String(limit));
  if (after) q.set('after', after);
  return ask('GET', `/v1/audit-log?${q}`);
}

async function search() {
  const q = wanted();
  if (!q) return;
  query = q;
  failure = null;
  const { records, next: rest } = await page(PAGE, '');
  found = records;
  next = rest ?? '';
}

async function more() {
  if (loading || !found) return;
  loading = true;
  update();
  try {
    const { records, next: rest } = await page(PAGE, next);
    found = [...found, ...records];
    next = rest ?? '';
    failure = null;
  } catch (err) {
    failure = err;
  }
  loading = false;
  update();
}

/** @param {Entry[]} entries */
function save(entries) {
  download('audit-log.jsonl', 'application/jsonl', entries.map((e) => JSON.stringify(e)).join('\n') + '\n');
}

/** Reads all pages of the query and saves them. */
async function saveAll() {
  if (exporting || !found) return;
  /** @type {Entry[]} */
  const all = [];
  stopExport = false;
  exporting = 1;
  update();
  try {
    let after = '';
    do {
      const { records, next: rest } = await page(EXPORT_PAGE, after);
      all.push(...records);
      after = rest ?? '';
      exporting = all.length;
      update();
    } while (after && !stopExport && all.length < EXPORT);
    save(all.slice(0, EXPORT));
    failure = null;
  } catch (err) {
    failure = err;
  }
  exporting = 0;
  update();
}

/**
 * Returns the name of a role.
 * @param {string} role
 */
export function roleOf(role) {
  return role === 'program' ? t('program') : roleNames(/** @type {any} */ (role));
}

/**
 * Draws entries as a table.
 * @param {Entry[]} entries
 */
export function entriesTable(entries) {
  return html`<div class="wide"><table class="log"><thead><tr><th scope="col">${t('time')}</th><th scope="col">${t('who')}</th><th scope="col">${t('action')}</th><th scope="col">${t('objectKind')}</th>
      <th scope="col">${t('detail')}</th><th scope="col">${t('place')}</th></tr></thead>
    <tbody>${entries.map((e) => html`<tr><td class="number time">${exactly(e.at_ms / 1000)}</td><td><bdi>${e.who}</bdi><br><span class="soft">${roleOf(e.role)}</span></td>
      <td>${actionName(e.action)}</td><td>${kindName(e.object.kind)}<br><span class="number"><bdi>${e.object.id}</bdi></span></td><td><bdi>${detailName(e.detail ?? '')}</bdi></td>
      <td class="number">${e.position || html`<span class="soft">${t('unchained')}</span>`}</td></tr>`)}</tbody></table></div>`;
}

function result() {
  if (!found) return nothing;
  if (!found.length) return html`<p class="soft">${t('none')}</p>`;
  return html`<div class="headline"><p class="soft number" role="status">${next ? t('shown', found.length) : t('thatIsAll', found.length)}</p>
      ${exporting ? html`<span class="soft number">${t('saving', exporting)}</span><button type="button" class="quiet" @click=${() => { stopExport = true; }}>${t('saveStop')}</button>`
        : html`<button type="button" class="quiet" @click=${() => save(/** @type {Entry[]} */ (found))}>${t('save')}</button>
          ${next ? html`<button type="button" class="quiet" title=${t('saveLimit', EXPORT)} @click=${saveAll}>${t('saveAll')}</button>` : nothing}`}</div>
    ${entriesTable(found)}
    ${failure ? refusal(failure) : nothing}
    ${next ? html`<p class="after"><button type="button" class="second" aria-busy=${loading} ?disabled=${loading} @click=${more}>${t('older')}</button></p>` : nothing}`;
}

/** @type {import('../shell.js').DeskView} */
export const auditView = {
  id: 'audit',
  title: () => t('audit'),
  about: () => t('auditAbout'),
  group: () => t('group'),
  operations: ['read_audit_log', 'read_object_audit_log'],
  roles: ['police', 'operator'],
  enter: () => {
    if (!may('read_audit_log') && !form.values.kind) form.values.kind = 'credential';
    if (!due && (found || form.busy || !may('read_audit_log'))) return;
    due = false;
    void form.run(search);
  },
  view: () => html`<h1>${t('audit')}</h1><p class="hint">${t('auditNote')}</p>
    <form class="card" novalidate @change=${() => update()} @submit=${form.submit(search)}>
      <div class="pair">${form.field('from', { label: t('fromTime'), type: 'datetime-local', optional: true })}${form.field('to', { label: t('toTime'), type: 'datetime-local', optional: true })}
        ${form.field('kind', { label: t('objectKind'), options: [...(may('read_audit_log') ? [/** @type {[string, string]} */ (['', t('anyObject')])] : []), ...KINDS.map((k) => /** @type {[string, string]} */ ([k, kindName(k)]))] })}
        ${form.values.kind ? form.field('object', { label: t('objectId'), hint: t('objectHint'), max: 64 }) : nothing}</div>
      ${form.fault()}
      <div class="actions"><button aria-busy=${form.busy} ?disabled=${form.busy}>${t('search')}</button></div></form>
    ${result()}`,
};
