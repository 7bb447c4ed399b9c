/**
 * The first start: the setup code is scanned or pasted.
 * @module
 */

import { Form } from '../ui/form.js';
import { go, html, languageButton, update } from '../ui/page.js';
import { storageNote } from './bar.js';
import { finder } from './scan.js';
import { camera, engine, frames } from './state.js';
import { t } from './texts.js';

/** @type {'text' | 'scan' | 'paste'} */
let way = 'text';
let form = new Form({ text: '' });
let busy = false;
let refusedText = '';

/**
 * Returns what is wrong with a setup code, by the engine's reason.
 * @param {unknown} err
 */
function wordsOfRefusal(err) {
  const reason = err instanceof Error && 'reason' in err ? String(err.reason) : '';
  if (['form', 'version', 'too_long', 'other_tab', 'uploads_waiting'].includes(reason)) return t(/** @type {'setup_form'} */ (`setup_${reason}`));
  if (!reason) throw err;
  return t('setup_field', reason);
}

/** @param {string} text */
async function provision(text) {
  go('duty', { replace: true }); // before the device is ready: the view of the camera would open the camera
  await engine().provision(text.trim());
  form = new Form({ text: '' }); // the credential leaves the page's fields
  stop();
  way = 'text';
  if (engine().settings?.scopes.length === 1) go('', { replace: true });
}

function start() {
  way = 'scan';
  form.faults = {};
  refusedText = '';
  camera.open();
  frames.start(async (text) => {
    if (!text || busy || text === refusedText) return;
    busy = true;
    try {
      await provision(text);
    } catch (err) {
      refusedText = text;
      form.refuse('', wordsOfRefusal(err), t('setupAsk'));
    } finally {
      busy = false;
    }
  });
  update();
}

/** Ends the camera of the setup. */
export function stop() {
  if (way !== 'scan') return;
  way = 'text';
  frames.stop();
  camera.close();
  update();
}

/** Draws the view. */
export function setupView() {
  if (way === 'scan') {
    return html`<div class="scan right"><header class="over"><div class="row"><h1>${t('setupScan')}</h1></div>${form.fault()}</header>
      <main>${finder(t('setupAim'))}</main>
      <footer class="over tools"><button type="button" class="tool text" @click=${stop}>${t('setupStop')}</button></footer></div>`;
  }
  const submit = form.submit(async ({ text }) => {
    try {
      await provision(text);
    } catch (err) {
      form.refuse('text', wordsOfRefusal(err), t('setupAsk'));
    }
  });
  return html`<header class="top"><span class="brandname">${t('name')}</span>${languageButton()}</header>
    <main class="page setup"><svg class="hero" viewBox="0 0 100 100" aria-hidden="true"><path d="M10 32V18a8 8 0 0 1 8-8h14M68 10h14a8 8 0 0 1 8 8v14M90 68v14a8 8 0 0 1-8 8H68M32 90H18a8 8 0 0 1-8-8V68"/><path class="tick" d="M32 51l13 13 25-28"/></svg>
    <h1>${t('setupTitle')}</h1><p>${t('setupText')}</p><p class="soft">${t('setupSecret')}</p>
    ${form.fault()}
    <button type="button" class="wide" @click=${start}>${t('setupScan')}</button>
    ${way === 'paste'
      ? html`<form class="card" novalidate @submit=${submit}>${form.field('text', { label: t('setupLabel'), rows: 4, max: 2000 })}<button class="wide" ?disabled=${form.busy} aria-busy=${form.busy ? 'true' : 'false'}>${t('setupDo')}</button></form>`
      : html`<button type="button" class="second wide" @click=${() => { way = 'paste'; update(); }}>${t('setupPaste')}</button>`}
    ${storageNote()}</main>`;
}
