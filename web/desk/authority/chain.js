/**
 * Verifying the audit log in the browser.
 * @module
 */

import { Form } from '../../ui/form.js';
import { explain, Unreachable } from '../../ui/http.js';
import { html, nothing, update } from '../../ui/page.js';
import { refusal } from '../action.js';
import { ask, member } from '../login.js';
import { entriesTable } from './audit.js';
import { anchorsOf, PART, Verification } from './digest.js';
import { t } from './names.js';
import { digits, lamp } from './parts.js';

/** Where this machine keeps the anchor of its last verification; an anchor is no secret. */
const OWN = 'railgate.desk.anchor';

const form = new Form({ anchors: '' });

/** @type {Verification | null} */
let run = null;
let running = false;
let stopping = false;

/** @type {unknown} */
let failure = null;
let useOwn = true;
let copied = false;

/** @returns {import('./digest.js').Anchor | null} */
function own() {
  try {
    return anchorsOf(localStorage.getItem(OWN) ?? '')[0] ?? null;
  } catch {
    return null;
  }
}

/** @param {import('./digest.js').Anchor} a */
const inText = (a) => `${a.position}:${a.hash}`;

async function begin() {
  const anchors = anchorsOf(form.values.anchors);
  if (form.values.anchors.trim() && !anchors.length) return form.refuse('anchors', t('anchorsWrong'));
  const mine = useOwn ? own() : null;
  if (mine) anchors.push(mine);
  run = new Verification(anchors.sort((a, b) => a.position - b.position));
  copied = false;
  scrollTo(0, 0); // the progress and the result are above the form
  void go();
}

async function go() {
  if (running || !run) return;
  running = true;
  stopping = false;
  failure = null;
  update();
  const v = run;
  try {
    while (!v.finished && !stopping && member()) {
      await v.add(await ask('GET', `/v1/audit-log/chain?after=${v.after}&limit=${PART}`));
      update();
    }
    if (v.finished && !v.fault && v.at?.position) keep(v.at);
  } catch (err) {
    failure = err;
  }
  running = false;
  update();
}

/** @param {import('./digest.js').Anchor} a */
function keep(a) {
  try {
    localStorage.setItem(OWN, inText(a));
  } catch {
    // The anchor on the screen can be stored by hand.
  }
}

/** @param {Verification} v */
function whole(v) {
  const at = /** @type {import('./digest.js').Anchor} */ (v.at);
  const from = (v.base?.position ?? 0) + 1;
  return html`<section class="card whole" role="status"><p class="big">${lamp('good', at.position ? t('whole', from, at.position) : t('wholeEmpty'))}</p>
    ${v.confirmed ? html`<p class="good">${t('wholeWith', v.confirmed)}</p>` : html`<p class="warn">${t('wholeAlone')}</p>`}
    ${v.unchecked ? html`<p class="warn">${t('uncheckedAnchors', v.unchecked)}</p>` : nothing}
    ${from > 1 ? html`<p class="soft">${t('archived', from - 1)}</p>` : nothing}
    ${v.unchained ? html`<p class="soft">${t('open', v.unchained)}</p>` : nothing}
    ${at.position ? html`<p class="soft">${t('newAnchor')}</p><p>${at.position}:${digits(at.hash)}</p>
      <div class="actions"><button type="button" class="second" @click=${async () => {
        await navigator.clipboard.writeText(inText(at)).then(() => { copied = true; }, () => {});
        update();
      }}>${copied ? t('copied') : t('copy')}</button></div>` : nothing}</section>`;
}

/** @param {Verification} v */
function broken(v) {
  const f = /** @type {import('./digest.js').Fault} */ (v.fault);
  return html`<section class="card broken" role="alert"><p class="big">${lamp('bad', f.from < f.position ? t('brokenRange', f.from, f.position) : t('broken', f.position))}</p>
    <p>${f.why === 'issuer' ? html`${t('issuer', '')}<bdi lang="en">${f.because}</bdi>` : t(f.why)}</p>
    <p>${t('brokenBefore', v.checked)}</p>
    ${f.entry ? entriesTable([f.entry]) : nothing}
    ${f.anchor ? html`<p>${f.anchor.position}:${digits(f.anchor.hash)}</p>` : nothing}
    <div class="notice bad"><p><strong>${t('brokenNext')}</strong></p><p>${t('brokenWay')}</p></div></section>`;
}

/** @param {Verification} v */
function progress(v) {
  const at = v.after;
  const base = v.base?.position ?? 0;
  return html`<section class="card"><h2 class="number">${running ? t('verifying', at, v.goal) : failure instanceof Unreachable ? t('lost', at) : t('halted', at)}</h2>
    <progress max=${Math.max(1, v.goal - base)} value=${at - base} aria-label=${t('chain')}></progress>
    ${failure && !(failure instanceof Unreachable) ? refusal(failure) : failure ? html`<p class="soft">${explain(failure).next}</p>` : nothing}
    <div class="actions">${running ? html`<button type="button" class="second" @click=${() => { stopping = true; }}>${t('halt')}</button>`
      : html`<button type="button" @click=${go}>${t('goOn')}</button>`}</div></section>`;
}

function entry() {
  const mine = own();
  return html`<form class="card" novalidate @submit=${form.submit(begin)}>
    ${form.field('anchors', { label: t('anchors'), hint: t('anchorsHint'), rows: 4, optional: true })}
    ${mine ? html`<label class="check"><input type="checkbox" .checked=${useOwn} @change=${(/** @type {Event} */ e) => { useOwn = /** @type {HTMLInputElement} */ (e.target).checked; }}>
      <span>${t('anchorOwn', mine.position)}</span></label>` : nothing}
    <div class="actions"><button ?disabled=${running}>${run ? t('again') : t('verify')}</button></div></form>`;
}

/** @type {import('../shell.js').DeskView} */
export const chainView = {
  id: 'chain',
  title: () => t('chain'),
  about: () => t('chainAbout'),
  group: () => t('group'),
  operations: ['verify_audit_log'],
  roles: ['operator'],
  view: () => html`<h1>${t('chain')}</h1><p class="soft">${t('chainWhat')}</p>
    ${run ? !run.finished ? progress(run) : run.fault ? broken(run) : whole(run) : nothing}
    ${running ? nothing : entry()}`,
};
