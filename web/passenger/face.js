/**
 * The face check (rules A6, A11) with the provider's sandbox: the real camera shows the picture, and the evidence says what the
 * sandbox decides. The page says that no face is compared.
 * @module
 */

import { Problem } from '../ui/http.js';
import { when } from '../ui/language.js';
import { announce, go, html, nothing, update } from '../ui/page.js';
import { steps } from './apply.js';
import { closeCamera, openCamera } from './camera.js';
import { awaitsCheck, check, isReturning, progress } from './flow.js';
import { platform } from './location.js';
import { state } from './state.js';
import { t } from './texts.js';
import { w } from './waytexts.js';

/** @typedef {import('../ui/page.js').View} View */

/** Time of each instruction in the preview, ms. */
const LOOK = 1200;

/**
 * What a face check is for.
 * @typedef {object} Purpose
 * @property {import('../ui/form.js').Form} progress of the request
 * @property {string} name of the person
 * @property {(evidence: string) => Promise<void>} send
 */

/** @typedef {'start' | 'opening' | 'look' | 'blink' | 'sending'} Phase */

/** @type {Phase} */
let phase = 'start';
/** @type {import('./camera.js').CameraFault | null} */
let fault = null;
let wanted = 'sandbox:pass';
let optionsOpen = false;
/** Number of the present attempt: an earlier one that is still running stops. */
let attempt = 0;

/** @type {Purpose} the purpose that was drawn last */
let purpose = { progress, name: '', send: check };

const video = document.createElement('video');
video.muted = true;
video.playsInline = true;

/** @param {Phase} to */
function turn(to) {
  phase = to;
  if (to === 'look') announce(w('look'));
  if (to === 'blink') announce(w('blink'));
  if (to === 'sending') announce(w('sending'));
  update();
}

/** Stops the face check: its view is left. */
export function stop() {
  attempt++;
  closeCamera();
  phase = 'start';
}

/** Shows the preview, then sends the evidence. */
async function begin() {
  if (phase !== 'start' || purpose.progress.busy) return;
  const mine = ++attempt;
  fault = null;
  purpose.progress.faults = {};
  turn('opening');
  const problem = await openCamera(video);
  if (mine !== attempt) {
    if (!problem) closeCamera();
    return;
  }
  if (problem) {
    fault = problem;
    turn('start');
    return;
  }
  for (const step of /** @type {Phase[]} */ (['look', 'blink'])) {
    turn(step);
    await new Promise((resolve) => setTimeout(resolve, LOOK));
    if (mine !== attempt) return;
  }
  await send();
}

/** Sends the evidence once. */
async function send() {
  const { progress: form, send: act } = purpose;
  if (form.busy) return;
  turn('sending');
  await form.run(() => act(wanted));
  stop();
  update();
}

/** @returns {View} */
function cameraFault() {
  const [title, text] = { denied: [w('cameraDenied'), w('cameraDeniedText')], none: [w('cameraNone'), w('cameraNoneText')], busy: [w('cameraBusy'), w('cameraBusyText')] }[fault ?? 'none'];
  const allow = { ios: w('cameraDeniedIos'), android: w('cameraDeniedAndroid'), desktop: w('cameraDeniedDesktop') }[platform()];
  return html`<div class="notice bad" role="alert"><p><b>${title}</b></p><p>${text}</p>${fault === 'denied' ? html`<p>${allow}</p>` : nothing}</div>
    <button type="button" class="wide" @click=${begin}>${t('retry')}</button>
    <button type="button" class="second wide below" @click=${send}>${w('withoutCamera')}</button>`;
}

/** @returns {View} */
function demoOptions() {
  const options = /** @type {const} */ ([['sandbox:pass', 'demoPass'], ['sandbox:fail', 'demoFail'], ['sandbox:timeout', 'demoTimeout']]);
  return html`<details class="demo" ?open=${optionsOpen} @toggle=${(/** @type {Event} */ e) => { if (e.target instanceof HTMLDetailsElement && e.target.isConnected) optionsOpen = e.target.open; }}><summary>${w('demoOptions')}</summary><fieldset><legend class="unseen">${w('demoOptions')}</legend>${options.map(([value, text]) =>
    html`<label class="check"><input type="radio" name="demo" value=${value} .checked=${wanted === value} @change=${() => { wanted = value; }}> ${w(text)}</label>`)}</fieldset></details>`;
}

/** @returns {View} */
function view() {
  return html`<main><h1>${w('faceTitle')}</h1>${isReturning() ? nothing : steps(2)}${faceCard({ progress, name: state.held?.name ?? '', send: check })}</main>`;
}

/**
 * Draws a face check. Its view calls {@link reset} when it is entered and {@link stop} when it is left.
 * @param {Purpose} of
 */
export function faceCard(of) {
  purpose = of;
  const running = phase !== 'start';
  const text = { start: '', opening: w('opening'), look: w('look'), blink: w('blink'), sending: w('sending') }[phase];
  return html`<div class="card face">
      ${of.name ? html`<p class="soft">${person(of.name)}</p>` : nothing}
      <div class="oval ${phase}">${running ? html`${video}` : html`<span class="head" aria-hidden="true"></span>`}</div>
      ${running ? html`<p class="saying" aria-hidden="true">${text}</p>` : nothing}
      ${of.progress.fault()}${retryAt(of.progress)}
      ${fault && !running ? cameraFault() : nothing}
      ${running || fault ? nothing : html`<p>${w('faceText')}</p><button type="button" class="wide" @click=${begin}>${of.progress.faults[''] ? w('again') : w('start')}</button>`}
      <div class="notice warn"><p><b>${t('sandbox')}</b> ${w('faceDemo')}</p></div>
      ${running ? nothing : demoOptions()}
    </div>`;
}

/**
 * After too many failures: when the next check is possible.
 * @param {import('../ui/form.js').Form} of
 */
function retryAt({ failure, faults }) {
  return faults[''] && failure instanceof Problem && failure.retryAt ? html`<p class="soft">${w('checkFrom', when(failure.retryAt))}</p>` : nothing;
}

/** @param {string} name @returns {unknown} */
function person(name) {
  const [before, after] = w('faceFor', '\0').split('\0');
  return html`${before}<bdi>${name}</bdi>${after}`;
}

/** Prepares a face check. */
export function reset() {
  video.setAttribute('aria-label', w('preview'));
  fault = null;
}

function enter() {
  reset();
  if (!awaitsCheck()) go('services', { replace: true });
}

document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'hidden' && phase !== 'start' && phase !== 'sending') {
    stop();
    update();
  }
});

export const part = { view, enter, exit: stop };
