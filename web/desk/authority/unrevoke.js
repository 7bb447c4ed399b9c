/**
 * Unrevoking many credentials from a list.
 * @module
 */

import { now } from '../../ui/clock.js';
import { Form } from '../../ui/form.js';
import { explain } from '../../ui/http.js';
import { html, nothing, update } from '../../ui/page.js';
import { act } from '../action.js';
import { ask, member, onLogin } from '../login.js';
import { MAX_LINES, parseList, resultOf, Run } from './bulk.js';
import { download, exactly } from './parts.js';
import { t } from './texts.js';

/** Most rows on the screen, and bytes of a file. Our choices. */
const ROWS = 200;
const MAX_FILE = 1 << 20;

const form = new Form({ list: '' });

/** @type {import('./bulk.js').BadLine[]} */
let bad = [];

/** @type {Run | null} */
let run = null;

/** Serials that this page has unrevoked: a list that is read again does not repeat them. */
const done = new Set();
let repeated = 0;

onLogin((whose) => {
  if (whose === 'other') reset();
});

function reset() {
  run?.stop();
  run = null;
  bad = [];
  repeated = 0;
  form.values.list = '';
  form.faults = {};
}

async function check() {
  const { items, bad: faults, tooMany } = parseList(form.values.list, Math.floor(now() / 1000));
  if (tooMany) return form.refuse('list', t('tooMany', MAX_LINES));
  const fresh = items.filter((i) => !done.has(i.serial));
  repeated = items.length - fresh.length;
  bad = faults;
  if (!fresh.length) return form.refuse('list', t('listEmpty'));
  run = new Run(fresh, {
    send: async (serial) => {
      const answer = await ask('POST', `/v1/credentials/${serial}/unrevoke`, {});
      done.add(serial);
      return answer;
    },
    changed: update, now, mayGoOn: () => member() !== null,
  });
}

/** @param {Event} e */
async function read(e) {
  const input = /** @type {HTMLInputElement} */ (e.target);
  const [file] = input.files ?? [];
  input.value = '';
  if (!file) return;
  if (file.size > MAX_FILE) return form.refuse('list', t('fileTooLarge'));
  form.values.list = await file.text();
  await form.run(check);
}

/** The page asks before it is left while a run has lines without an answer. */
function leaving(/** @type {BeforeUnloadEvent} */ e) {
  if (run?.isOn()) e.preventDefault();
}
addEventListener('beforeunload', leaving);

async function begin() {
  const r = /** @type {Run} */ (run);
  const n = r.items.length;
  await act({
    title: t('bulkTitle', n), object: t('bulkObject', n), effect: t('unrevokeEffect'), told: t('recorded'), undo: t('bulkUndo'), confirm: t('start'), repeatable: true,
    send: async () => {
      void r.start().catch(() => update());
    },
    done: () => t('started'),
  });
}

function entry() {
  return html`<form class="card" novalidate @submit=${form.submit(check)}>
      ${form.field('list', { label: t('list'), hint: t('listHint', MAX_LINES), rows: 10 })}
      <div class="actions"><button ?disabled=${form.busy}>${t('checkList')}</button>
        <label class="button second file">${t('file')}<input type="file" class="unseen" accept=".txt,.csv,text/plain,text/csv" @change=${read}></label></div></form>`;
}

function faults() {
  if (!bad.length && !repeated) return nothing;
  return html`<details class="card" open><summary>${t('listFaults', bad.length + repeated)}</summary>
    <table><thead><tr><th scope="col">${t('line')}</th><th scope="col">${t('content')}</th><th scope="col">${t('cause')}</th></tr></thead>
      <tbody>${bad.slice(0, ROWS).map((b) => html`<tr><td class="number">${b.line}</td><td><bdi>${b.text}</bdi></td><td class="bad">${t(b.fault)}</td></tr>`)}
        ${repeated ? html`<tr><td>–</td><td class="number">× ${repeated}</td><td>${t('before')}</td></tr>` : nothing}</tbody></table></details>`;
}

/** @param {Run} r */
function stateOf(r) {
  if (r.stage === 'paused') return t(r.cause === 'network' ? 'pausedNetwork' : r.cause === 'locked' ? 'pausedLocked' : r.cause === 'budget' ? 'pausedBudget' : 'paused');
  if (r.stage === 'waiting') return t('waitingBudget', Math.max(0, Math.ceil((r.until - now()) / 1000)));
  return t(/** @type {'ready' | 'running' | 'stopped' | 'finished'} */ (r.stage));
}

/** @param {Run} r */
function progress(r) {
  const n = r.counts();
  const answered = n.done + n.refused;
  const left = r.items.length - answered;
  return html`<section class="card">
    <h2>${r.stage === 'ready' ? t('bulkReady', r.items.length) : stateOf(r)}</h2>
    ${r.stage === 'ready' ? html`<p class="soft">${t('bulkSlow')}</p>` : html`
      <progress max=${r.items.length} value=${answered} aria-label=${t('bulk')}></progress>
      <p class="counts number"><span class="good">${t('doneCount', n.done)}</span><span class=${n.refused ? 'bad' : 'soft'}>${t('refusedCount', n.refused)}</span>
        <span class="soft">${t('leftCount', left)}</span></p>`}
    <div class="actions">
      ${r.stage === 'ready' ? html`<button type="button" @click=${begin}>${t('start')}…</button>` : nothing}
      ${r.isOn() ? html`<button type="button" class="danger" @click=${() => r.stop()}>${t('stop')}</button>` : nothing}
      ${r.stage === 'paused' || r.stage === 'stopped' ? html`<button type="button" @click=${() => void r.start().catch(() => update())}>${t('goOn')}</button>` : nothing}
      ${answered ? html`<button type="button" class="second" @click=${() => download('unrevoked.csv', 'text/csv', resultOf(r.items))}>${t('saveResult')}</button>` : nothing}
      ${r.isOn() ? nothing : html`<button type="button" class="quiet" @click=${() => { reset(); update(); }}>${t('newList')}</button>`}</div></section>
    ${lines(r)}`;
}

/** @param {Run} r */
function lines(r) {
  const order = { refused: 0, unknown: 1, sending: 2, waiting: 3, done: 4 };
  const first = [...r.items].sort((a, b) => order[a.state] - order[b.state] || a.line - b.line).slice(0, ROWS);
  return html`<div class="wide"><table><thead><tr><th scope="col">${t('line')}</th><th scope="col">${t('serialName')}</th><th scope="col">${t('result')}</th></tr></thead>
    <tbody>${first.map((i) => html`<tr><td class="number">${i.line}</td><td class="number">${i.serial}</td><td>${result(i)}</td></tr>`)}</tbody></table></div>
    ${r.items.length > ROWS ? html`<p class="hint">${t('onlyFirst', ROWS)}</p>` : nothing}`;
}

/** @param {import('./bulk.js').Item} i */
function result(i) {
  if (i.problem) return html`<span class="bad">${explain(i.problem).text}</span>`;
  const look = { waiting: 'soft', sending: 'soft', done: 'good', unknown: 'warn', refused: 'bad' }[i.state];
  return html`<span class=${look}>${t(/** @type {'done'} */ (i.state))}${i.at ? html` <span class="number soft">${exactly(i.at / 1000)}</span>` : nothing}</span>`;
}

/** @type {import('../shell.js').DeskView} */
export const bulkView = {
  id: 'unrevoke',
  title: () => t('bulk'),
  about: () => t('bulkAbout'),
  group: () => t('groupCredential'),
  operations: ['unrevoke'],
  roles: ['police', 'operator'],
  view: () => html`<h1>${t('bulk')}</h1>${run ? html`${progress(run)}${faults()}` : entry()}`,
};
