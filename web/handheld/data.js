/**
 * The view that explains online and offline, and the data of the device.
 * @module
 */

import { when } from '../ui/language.js';
import { html, nothing, update } from '../ui/page.js';
import { frame, storageNote } from './bar.js';
import { sizeOf, span } from './span.js';
import { engine } from './state.js';
import { one, t } from './texts.js';
import { MEANING, WHY, whyOf } from './why.js';

let fetching = false;
/** @type {{good: boolean, text: string} | null} */
let outcome = null;

/** Forgets the outcome of the last update. */
export function leaveData() {
  outcome = null;
}

async function fetchNow() {
  if (fetching) return;
  fetching = true;
  outcome = null;
  update();
  try {
    await engine().fetchBundle();
    const { fault } = engine().status;
    outcome = fault ? { good: false, text: faultText(fault) } : { good: true, text: t('fetched') };
  } finally {
    fetching = false;
    update();
  }
}

/** @param {string} fault of the bundle, or why there was no answer */
function faultText(fault) {
  if (fault === 'not_allowed') return t('onlineOnlyText');
  const why = WHY[fault];
  return why ? t('notFetched', one(why)) : t('bundleRefused', fault);
}

/** Draws the view. */
export function dataView() {
  const { status } = engine();
  const { bundle } = status;
  const offline = status.mode === 'offline';
  return frame(t('status'), html`
    <section class="card mode ${status.mode}"><h2><span class="lamp" aria-hidden="true"></span>${t(offline ? 'nowOffline' : 'nowOnline')}</h2>
      <p><b>${one(whyOf(status))}</b>${status.since ? html` · ${t('since', when(status.since / 1000))}` : nothing}</p><p>${one(MEANING[status.mode])}</p></section>
    <section class="card"><h2>${t('bundle')}</h2>
      ${bundle ? html`<dl class="facts">
        <dt>${t('bundleAge')}</dt><dd class="number">${when(bundle.watermark / 1000, { month: 'numeric', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit' })} · ${t('ago', one(span(bundle.age)))}</dd>
        <dt>${t('bundleState')}</dt><dd class=${bundle.state === 'fresh' ? 'good' : 'bad'}>${t(/** @type {'state_fresh'} */ (`state_${bundle.state}`))}</dd>
        ${bundle.train ? html`<dt>${t('bundleTrain')}</dt><dd><bdi>${bundle.train}</bdi></dd>` : nothing}
        <dt>${t('bundleSize')}</dt><dd class="number">${sizeOf(bundle.size)}</dd></dl>` : html`<p class="notice warn">${status.fault ? faultText(status.fault) : t('bundleNone')}</p>`}
      ${bundle && status.fault && !outcome ? html`<p class="notice warn">${faultText(status.fault)}</p>` : nothing}
      ${outcome ? html`<p class="notice ${outcome.good ? 'good' : 'warn'}" role="status">${outcome.text}</p>` : nothing}
      <button type="button" class="second wide" ?disabled=${fetching} aria-busy=${fetching ? 'true' : 'false'} @click=${fetchNow}>${t('fetch')}</button></section>
    ${storageNote()}`);
}
