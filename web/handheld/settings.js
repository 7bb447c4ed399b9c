/**
 * The settings of the page, and the end of the device.
 * @module
 */

import { html, nothing, update } from '../ui/page.js';
import { frame } from './bar.js';
import { preferences, prefer } from './preferences.js';
import { openSound, signal } from './sound.js';
import { camera, engine } from './state.js';
import { t } from './texts.js';

const CLOSINGS = [1000, 2000, 4000, 0];

let asking = false;

/** Ends the question that was left open. */
export function leaveSettings() {
  asking = false;
}

/** @param {Partial<import('./preferences.js').Preferences>} change */
const set = (change) => () => {
  prefer(change);
  update();
};

/**
 * @param {boolean} on
 * @param {string} text
 * @param {() => void} action
 */
function option(on, text, action) {
  return html`<button type="button" class="choice" aria-pressed=${on ? 'true' : 'false'} @click=${action}>${text}</button>`;
}

/** @param {'green' | 'amber' | 'red'} light */
const sample = (light) => () => {
  openSound();
  signal(light, preferences);
};

/** Draws the view. */
export function settingsView() {
  return frame(t('settings'), html`
    <section class="card"><h2>${t('sound')}</h2>
      <label for="volume">${t('volume')} <b class="number">${preferences.volume === 0 ? t('mute') : `${preferences.volume}%`}</b></label>
      <input id="volume" type="range" min="0" max="100" step="10" .value=${String(preferences.volume)} @input=${(/** @type {Event} */ e) => set({ volume: Number(/** @type {HTMLInputElement} */ (e.target).value) })()}>
      <div class="grid three">${option(false, t('tryGreen'), sample('green'))}${option(false, t('tryAmber'), sample('amber'))}${option(false, t('tryRed'), sample('red'))}</div>
      <label class="check"><input type="checkbox" .checked=${preferences.vibrate} @change=${set({ vibrate: !preferences.vibrate })}> ${t('vibrate')}</label></section>
    <section class="card"><h2 id="closing">${t('closing')}</h2><div class="grid" role="group" aria-labelledby="closing">${CLOSINGS.map((ms) => option(preferences.close === ms, ms ? t('seconds', ms / 1000) : t('byTap'), set({ close: ms })))}</div></section>
    <section class="card"><h2 id="hand">${t('hand')}</h2><div class="grid" role="group" aria-labelledby="hand">${option(preferences.hand === 'left', t('left'), set({ hand: 'left' }))}${option(preferences.hand === 'right', t('right'), set({ hand: 'right' }))}</div></section>
    ${camera.list.length > 1 ? html`<section class="card"><h2><label for="camera">${t('camera')}</label></h2><select id="camera" @change=${chooseCamera}>
      <option value="" ?selected=${preferences.camera === ''}>${t('cameraAuto')}</option>
      ${camera.list.map((d, i) => html`<option value=${d.deviceId} ?selected=${d.deviceId === preferences.camera}>${d.label || t('cameraName', i + 1)}</option>`)}</select></section>` : nothing}
    ${deviceView()}`);
}

/** @param {Event} e */
function chooseCamera(e) {
  const id = /** @type {HTMLSelectElement} */ (e.target).value;
  prefer({ camera: id });
  camera.choose(id);
}

function deviceView() {
  const { settings, status } = engine();
  if (!settings) return nothing;
  const { waiting } = status.queue;
  return html`<section class="card"><h2>${t('device')}</h2><dl class="facts"><dt>${t('deviceName')}</dt><dd><bdi>${settings.device}</bdi></dd><dt>${t('station')}</dt><dd><bdi>${settings.station}</bdi></dd>
      <dt>${t('uses')}</dt><dd>${settings.scopes.map((s) => t(/** @type {'entry'} */ (s))).join(' · ')}</dd></dl>
    ${asking ? html`<div class="notice bad" role="alert"><p>${t('forgetText')}</p>${waiting > 0 ? html`<p>${t('forgetWaiting', waiting)}</p>` : nothing}</div>
      <div class="stack"><button type="button" class="danger wide" @click=${() => engine().forget({ force: waiting > 0 }).then(() => location.replace(location.pathname))}>${t(waiting > 0 ? 'forgetForce' : 'forgetSure')}</button>
        <button type="button" class="second wide" @click=${() => { asking = false; update(); }}>${t('cancel')}</button></div>`
      : html`<button type="button" class="second wide" @click=${() => { asking = true; update(); }}>${t('forget')}</button>`}</section>`;
}
