/**
 * The result of an application (rule T12): approved, refused or still to be decided, each with the next step.
 * @module
 */

import { now } from '../ui/clock.js';
import { Unreachable, Problem } from '../ui/http.js';
import { pick, when } from '../ui/language.js';
import { go, html, nothing, route, update } from '../ui/page.js';
import { steps } from './apply.js';
import { decide, openSession, progress } from './flow.js';
import { state, takeBack } from './state.js';
import { refreshStatus } from './status.js';
import { t } from './texts.js';
import { w } from './waytexts.js';

/** @typedef {import('../ui/page.js').View} View */
/** @typedef {import('./state.js').Held} Held */

/** Pause between two questions for the decision, ms. */
const PAUSE = 4000;

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/** Asks for the decision of a checked application until the check is over. */
async function wait() {
  clearTimeout(timer);
  if (route()[0] !== 'result' || state.held?.status.status !== 'checked') return;
  const left = (state.held.check?.until ?? 0) - now() / 1000;
  if (left > 0) {
    await progress.run(async () => {
      try {
        await decide();
      } catch (err) {
        if (err instanceof Unreachable || err instanceof Problem && err.status === 503) return; // the next question follows
        throw err;
      }
    });
    timer = setTimeout(wait, PAUSE);
  }
  update();
}

/** Reads the status: it may have changed since the last page. */
async function enter() {
  const { held } = state;
  if (!held) return;
  if (held.status.status === 'checked' && held.check) await wait();
  else if (!['refused', 'expired', 'superseded'].includes(held.status.status)) await refreshStatus().catch(() => {});
}

function exit() {
  clearTimeout(timer);
}

/**
 * @param {'good' | 'bad' | 'warn'} tone
 * @param {string} sign
 * @param {string} title
 * @param {unknown} body
 * @param {unknown} actions
 */
function verdict(tone, sign, title, body, actions) {
  return html`<div class="card outcome ${tone}"><p class="sign" aria-hidden="true">${sign}</p><h2 class="first ${tone}">${title}</h2>${body}</div>${progress.fault()}<div class="stack">${actions}</div>`;
}

const applyAgain = () => html`<a class="button wide" href="#apply">${w('applyAgain')}</a>`;

/** @returns {View} */
function takeBackButton() {
  const back = async () => {
    await takeBack();
    go(state.session ? 'code' : 'result', { replace: true });
  };
  return html`<button type="button" class="wide" @click=${back}>${t('takeBack')}</button>`;
}

/** @param {Held} held */
function refused(held) {
  const { refusal } = held;
  const code = held.status.refused_for ?? '';
  const known = /** @type {const} */ (['quota_exceeded', 'renewal_too_early', 'identity_not_confirmed', 'document_cancelled']).find((c) => c === code);
  const text = refusal ? html`<p>${pick(refusal.text)}</p>${refusal.next ? html`<p>${pick(refusal.next)}</p>` : nothing}${refusal.contact ? html`<p class="soft">${pick(refusal.contact)}</p>` : nothing}` : html`<p>${w(known ?? 'otherReason')}</p>`;
  const from = refusal?.retryAt ? html`<p class="soft">${w('retryAt', when(refusal.retryAt))}</p>` : nothing;
  return verdict('bad', '✕', w('refused'), html`${text}${from}`,
    state.prior ? takeBackButton() : code === 'quota_exceeded' ? html`<a class="button second wide" href="#">${t('home')}</a>` : applyAgain());
}

/** @param {Held} held */
function approved(held) {
  const open = () => progress.run(openSession);
  const { expires_at = 0, renewable_at = 0, serial } = held.status;
  return verdict('good', '✓', w('approved'), html`<p>${w('approvedText', when(expires_at))}</p><p class="soft">${w('renewable', when(renewable_at))}</p>
    <dl class="facts"><dt>${w('serial')}</dt><dd class="number">${serial}</dd></dl>
    ${held.sandbox ? html`<p class="soft"><span class="chip warn">${t('sandbox')}</span> ${t('sandboxText')}</p>` : nothing}`,
    html`<p>${w('approvedNext')}</p>${state.session ? html`<a class="button wide" href="#code">${t('showCode')}</a>`
      : html`<button type="button" class="wide" aria-busy=${progress.busy} ?disabled=${progress.busy} @click=${open}>${t('showCode')}</button>`}`);
}

/** @param {Held} held */
function pending(held) {
  const left = Math.floor((held.check?.until ?? 0) - now() / 1000);
  const body = html`<p>${left > 0 ? w('pendingText') : w('pendingOver')}</p>${left > 0 ? html`<p class="soft">${w('pendingLeft', left)}</p>` : nothing}`;
  return verdict('warn', '…', w('pending'), body, left > 0
    ? html`<button type="button" class="wide" aria-busy=${progress.busy} ?disabled=${progress.busy} @click=${wait}>${w('askAgain')}</button>`
    : html`<a class="button wide" href="#face">${t('checkAgain')}</a>`);
}

/** @returns {View} */
function outcome() {
  const { held } = state;
  if (!held) {
    return html`<p>${t('noCodeText')}</p><div class="stack"><a class="button wide" href="#apply">${t('heroApply')}</a><a class="button second wide" href="#return">${t('viewAgain')}</a></div>`;
  }
  const { status, expires_at = 0 } = held.status;
  if (status === 'approved' && expires_at * 1000 > now()) return approved(held);
  if (status === 'refused') return refused(held);
  if (status === 'checked') return pending(held);
  if (status === 'submitted') return verdict('warn', '…', w('submitted'), html`<p>${w('submittedText')}</p>`, html`<a class="button wide" href="#face">${t('checkAgain')}</a>`);
  if (status === 'superseded') return verdict('warn', '!', w('superseded'), html`<p>${w('supersededText')}</p>`, html`<a class="button second wide" href="#return">${t('viewAgain')}</a>`);
  if (status === 'revoked') return verdict('bad', '✕', w('revoked'), html`<p>${w('revokedText')}</p>`, applyAgain());
  if (!expires_at) return verdict('warn', '!', w('expiredPending'), html`<p>${w('expiredPendingText')}</p>`, applyAgain());
  return verdict('warn', '!', w('expired'), html`<p>${w('expiredText')}</p>`, applyAgain());
}

/** @returns {View} */
function view() {
  return html`<main><h1>${w('resultTitle')}</h1>${steps(3)}${outcome()}
    ${state.held ? html`<p><a href="#data/application">${w('dataHeld')}</a></p>` : nothing}</main>`;
}

export const part = { view, enter: () => void enter(), exit };
