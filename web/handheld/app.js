/**
 * The handheld's page: opens the engine, shows the views, and keeps camera and screen on while codes are scanned.
 * @module
 */

import { Engine } from './engine/engine.js';
import { html, route, show, update } from '../ui/page.js';
import { keepAwake } from './awake.js';
import { conflictsView, leaveConflicts } from './conflicts.js';
import { dataView, leaveData } from './data.js';
import { dutyView, leaveDuty } from './duty.js';
import { dismiss, judge, judging, next, see } from './judge.js';
import { menuView, recentView } from './menu.js';
import { leavePaste, pasteView } from './paste.js';
import { leaveQueue, queueView } from './queue.js';
import { scanView } from './scan.js';
import { leaveSettings, settingsView } from './settings.js';
import { setupView, stop as stopSetup } from './setup.js';
import { openSound } from './sound.js';
import { camera, engine, frames, setEngine } from './state.js';
import { t } from './texts.js';
import { scriptURL } from './trusted.js';
import { verdictView } from './verdictview.js';
import { Wedge } from './wedge.js';

/** By the first segment of the fragment. */
const VIEWS = /** @type {Record<string, () => import('../ui/page.js').View>} */ ({
  '': scanView, menu: menuView, duty: dutyView, data: dataView, queue: queueView, conflicts: conflictsView, recent: recentView, paste: pasteView, settings: settingsView,
});

/** What a view forgets when it is left. */
const LEAVES = /** @type {Record<string, () => void>} */ ({
  duty: leaveDuty, data: leaveData, queue: leaveQueue, conflicts: leaveConflicts, paste: leavePaste, settings: leaveSettings,
});

/** Keys of hardware buttons that mean "next": the volume keys where the system gives them to pages, and a trigger. */
const NEXT = [' ', 'Enter', 'AudioVolumeUp', 'AudioVolumeDown', 'VolumeUp', 'VolumeDown'];

let shownView = '';

function view() {
  document.title = t('name');
  if (engine().state === 'other_tab') return otherTabView();
  if (engine().state !== 'ready') return setupView();
  return judging.shown ? verdictView(judging.shown) : (VIEWS[route()[0]] ?? scanView)();
}

function otherTabView() {
  return html`<header class="top"><h1>${t('name')}</h1></header><main class="page"><div class="notice warn"><p><b>${t('otherTab')}</b></p><p>${t('otherTabNext')}</p></div></main>`;
}

/** Starts and stops the camera with the view. */
function follow() {
  if (engine().state !== 'ready') return;
  const [name] = route();
  if (name !== shownView) LEAVES[shownView]?.();
  shownView = name;
  const scanning = !(name in VIEWS) || name === '';
  const seen = document.visibilityState === 'visible';
  keepAwake(scanning);
  if (scanning && seen) {
    if (camera.state === 'off') camera.open();
    frames.start(see);
  } else {
    frames.stop();
    camera.close();
  }
}

/** Keys: a scanner that types, and the buttons of the device. */
const wedge = new Wedge();

/** @param {KeyboardEvent} e */
function onKey(e) {
  openSound();
  const field = e.target instanceof HTMLElement && e.target.closest('input, textarea, select');
  if (e.ctrlKey || e.altKey || e.metaKey || field || engine().state !== 'ready') return;
  const text = wedge.key(e.key, e.timeStamp);
  if (text) {
    e.preventDefault();
    judge(text);
  } else if (wedge.typing(e.timeStamp)) {
    if ([' ', 'Enter', 'Tab'].includes(e.key)) e.preventDefault(); // it would press the button that has the focus
  } else if (judging.shown && NEXT.includes(e.key) && !e.repeat && !(e.target instanceof HTMLButtonElement)) {
    e.preventDefault();
    next();
  }
}

/** Registers the service worker, which lets the page start without a network. */
function install() {
  navigator.serviceWorker?.register(scriptURL('/handheld/sw.js'), { scope: '/handheld/' }).catch(() => {}); // denied in some private windows
}

async function start() {
  setEngine(await Engine.open());
  engine().start();
  engine().on(() => { follow(); update(); });
  show(/** @type {HTMLElement} */ (document.getElementById('app')), view);
  addEventListener('hashchange', () => { dismiss(); follow(); });
  document.addEventListener('visibilitychange', () => (document.visibilityState === 'hidden' && engine().state !== 'ready' ? stopSetup() : follow()));
  addEventListener('pointerdown', openSound);
  addEventListener('keydown', onKey);
  setInterval(() => document.visibilityState === 'visible' && !judging.shown && update(), 1000); // ages
  follow();
  frames.warm(); // after the first view: the reader is 0.4 MB
  install();
}

start().catch((err) => {
  console.error('the page did not start:', err instanceof Error ? err.name : 'unknown');
  show(/** @type {HTMLElement} */ (document.getElementById('app')), () => html`<main class="page"><h1>${t('broken')}</h1><p>${t('brokenNext')}</p><button type="button" class="wide" @click=${() => location.reload()}>${t('reload')}</button></main>`);
});

