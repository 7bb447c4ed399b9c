/**
 * The view of the scans that wait for a network.
 * @module
 */

import { when } from '../ui/language.js';
import { html, nothing, update } from '../ui/page.js';
import { frame } from './bar.js';
import { span } from './span.js';
import { engine } from './state.js';
import { one, t } from './texts.js';
import { adviceOf } from './verdict.js';

/** @type {{from: number} | null} the running upload, with what waited when it began */
let running = null;
/** @type {{good: boolean, text: string} | null} */
let outcome = null;
/** @type {Awaited<ReturnType<import('./state.js').Engine['refusals']>>} */
let refusals = [];
let seen = -1;

/** Forgets the outcome of the last upload. */
export function leaveQueue() {
  outcome = null;
  seen = -1;
}

async function read() {
  refusals = await engine().refusals();
  update();
}

async function uploadNow() {
  if (running) return;
  running = { from: engine().status.queue.waiting };
  outcome = null;
  update();
  try {
    await engine().uploadNow();
    const { waiting } = engine().status.queue;
    outcome = waiting === 0 ? { good: true, text: t('uploaded') } : { good: false, text: t('uploadStuck', waiting) };
  } finally {
    running = null;
    update();
  }
}

/** Draws the view. */
export function queueView() {
  const { queue } = engine().status;
  if (queue.refused !== seen) {
    seen = queue.refused;
    read();
  }
  const busy = running !== null || queue.running;
  const done = running ? Math.max(0, running.from - queue.waiting) : 0;
  return frame(t('queue'), html`<p class="soft">${t('queueText')}</p>
    <section class="card"><p class="count"><b class="number">${queue.waiting}</b> ${t('waiting')}</p>
      ${queue.waiting > 0 && queue.oldest ? html`<p class="soft">${t('oldest', one(span(Date.now() - queue.oldest)))}</p>` : nothing}
      ${queue.waiting === 0 ? html`<p class="good">${t('queueEmpty')}</p>` : nothing}
      ${running ? html`<label for="progress">${t('uploading')}</label><progress id="progress" max=${running.from || 1} value=${done}></progress>` : nothing}
      ${outcome ? html`<p class="notice ${outcome.good ? 'good' : 'warn'}" role="status">${outcome.text}</p>` : nothing}
      <button type="button" class="wide" ?disabled=${busy || queue.waiting === 0} aria-busy=${busy ? 'true' : 'false'} @click=${uploadNow}>${t('upload')}</button></section>
    ${refusals.length > 0 ? html`<section class="card"><h2>${t('refused')}</h2><p class="soft">${t('refusedText')}</p><ul class="rows">${refusals.map(refusalView)}</ul></section>` : nothing}`);
}

/** @param {typeof refusals[number]} refusal */
function refusalView({ id, serial, way, here, reason, class: of, decided }) {
  return html`<li class="past"><span class="dot red" aria-hidden="true"></span><div class="grow"><b>${one(adviceOf(reason, of).title)}</b><br>
      <span class="soft number">${when(here.at / 1000)} · ${t(way)} · <bdi>${serial}</bdi></span></div>
    ${decided ? html`<span class="good">${t('done')}</span>` : html`<button type="button" class="second" @click=${() => engine().acknowledgeConflict(id)}>${t('acknowledge')}</button>`}</li>`;
}
