/**
 * The view of the camera, and what replaces its picture where there is none.
 * @module
 */

import { when } from '../ui/language.js';
import { go, html, nothing, svg } from '../ui/page.js';
import { statusLine } from './bar.js';
import { judging } from './judge.js';
import { prefer, preferences } from './preferences.js';
import { camera, engine, frames } from './state.js';
import { audible } from './sound.js';
import { one, t } from './texts.js';
import { whyOf } from './why.js';

/** Time after which a check that still runs is announced, ms. */
const LONG = 350;
/** Time for which the return of the network is announced, ms. */
const RETURNED = 8000;

const ICONS = {
  torch: svg`<path d="M8 2h8l-1 6v3l-1 2v8h-4v-8l-1-2V8zM12 11v3"/>`,
  camera: svg`<path d="M4 8h4l2-3h4l2 3h4v11H4zM9 13a3 3 0 1 0 6 0 3 3 0 1 0-6 0"/>`,
  paste: svg`<path d="M9 4h6v4H9zM9 6H5v15h14V6h-4M9 13h6M9 17h4"/>`,
  menu: svg`<path d="M4 6h16M4 12h16M4 18h16"/>`,
};

/** @type {Record<string, [title: Parameters<typeof t>[0], next: Parameters<typeof t>[0]]>} by the state of the camera */
const FAULTS = {
  denied: ['denied', 'deniedNext'], absent: ['absent', 'absentNext'], busy: ['cameraBusy', 'cameraBusyNext'],
  insecure: ['insecure', 'insecureNext'], failed: ['cameraFailed', 'cameraFailedNext'], lost: ['lost', 'lostNext'],
};

/** Draws the view in which codes are scanned. */
export function scanView() {
  const { scope, train } = engine();
  const duty = t(/** @type {'entry'} */ (scope));
  return html`<div class="scan ${preferences.hand}">
    <header class="over">
      <div class="row"><a class="pill" href="#duty"><b>${duty}</b>${train && scope === 'onboard' ? html`<bdi>${train}</bdi>` : nothing}<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M7 10l5 5 5-5"/></svg></a>
        <button type="button" class="round" aria-label=${t('menu')} @click=${() => go('menu')}><svg viewBox="0 0 24 24" aria-hidden="true">${ICONS.menu}</svg></button></div>
      ${statusLine()}
      ${banner()}
    </header>
    <main><h1 class="unseen">${t('scanTitle')}</h1>${finder(t('aim'))}</main>
    <footer class="over tools">${tools()}</footer>
  </div>`;
}

let wasOffline = false;

/** Explains the mode where it matters for the next scan. */
function banner() {
  const { status, scope, train } = engine();
  wasOffline ||= status.mode === 'offline';
  const since = when(status.since / 1000, { hour: '2-digit', minute: '2-digit' });
  const parts = [];
  if (status.mode === 'offline') {
    parts.push(html`<a class="banner warn" href="#data"><b>${one(whyOf(status))}</b><span>${t(status.bundle ? 'offlineSince' : 'offlineEmpty', since)}</span></a>`);
  } else if (wasOffline && status.why === 'recovered' && Date.now() - status.since < RETURNED) {
    parts.push(html`<p class="banner good"><b>${t('onlineAgain')}</b></p>`);
  }
  if (scope === 'onboard' && !train) parts.push(html`<a class="banner warn" href="#duty"><b>${t('trainMissing')}</b><span>${t('chooseTrain')}</span></a>`);
  return parts;
}

/**
 * Draws the frame for the code, or why there is no picture.
 * @param {string} aim
 */
export function finder(aim) {
  const fault = FAULTS[camera.state];
  if (fault) {
    return html`<section class="nopicture" data-camera=${camera.state}><svg class="sign" viewBox="0 0 24 24" aria-hidden="true">${ICONS.camera}<path d="M3 3l18 18"/></svg>
      <h2>${t(fault[0])}</h2><p>${t(fault[1])}</p>
      <button type="button" class="wide" @click=${() => camera.open()}>${t('again')}</button>
      ${engine().state === 'ready' ? html`<button type="button" class="second wide" @click=${() => go('paste')}>${t('pasteInstead')}</button>` : nothing}</section>`;
  }
  if (frames.state === 'failed') {
    return html`<section class="nopicture" data-camera="reader"><h2>${t('readerFailed')}</h2><p>${t('readerFailedNext')}</p>
      <button type="button" class="wide" @click=${() => location.reload()}>${t('reload')}</button></section>`;
  }
  return html`<div class="finder" aria-hidden="true"><svg viewBox="0 0 100 100"><path d="M4 24V10a6 6 0 0 1 6-6h14M76 4h14a6 6 0 0 1 6 6v14M96 76v14a6 6 0 0 1-6 6H76M24 96H10a6 6 0 0 1-6-6V76"/></svg></div>
    <p class="aim">${aimText(aim)}</p>`;
}

/** @param {string} aim */
function aimText(aim) {
  if (judging.failed) return html`<span class="chip">${t('scanFailed')}</span>`;
  if (judging.busy && performance.now() - judging.busy > LONG) return t('checking');
  if (camera.state !== 'on') return html`${t('starting')}<br>${t('allowHint')}`;
  return frames.state === 'starting' ? t('readerStarting') : aim;
}

/** The buttons below the picture. */
function tools() {
  const on = camera.state === 'on';
  const { zoom } = camera;
  return html`${on && camera.torch !== null ? tool('torch', t(camera.torch ? 'torchOff' : 'torchOn'), () => camera.toggleTorch(), camera.torch) : nothing}
    ${on && camera.list.length > 1 ? tool('camera', t('otherCamera'), changeCamera) : nothing}
    ${on && zoom ? html`<button type="button" class="tool" ?disabled=${zoom.value <= zoom.min} @click=${() => camera.setZoom(zoom.value - (zoom.max - zoom.min) / 5)}>${t('farther')}</button>
      <button type="button" class="tool" ?disabled=${zoom.value >= zoom.max} @click=${() => camera.setZoom(zoom.value + (zoom.max - zoom.min) / 5)}>${t('nearer')}</button>` : nothing}
    ${tool('paste', t('paste'), () => go('paste'))}
    ${on && preferences.volume > 0 && !audible() ? html`<p class="hush">${t('tapForSound')}</p>` : nothing}`;
}

/**
 * @param {keyof typeof ICONS} icon
 * @param {string} label
 * @param {() => void} action
 * @param {boolean} [pressed]
 */
function tool(icon, label, action, pressed) {
  return html`<button type="button" class="tool" aria-pressed=${pressed === undefined ? nothing : pressed ? 'true' : 'false'} @click=${action}><svg viewBox="0 0 24 24" aria-hidden="true">${ICONS[icon]}</svg><span>${label}</span></button>`;
}

function changeCamera() {
  const id = camera.following();
  prefer({ camera: id });
  camera.choose(id);
}
