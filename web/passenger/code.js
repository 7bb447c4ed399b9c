/**
 * The code (rules A10, A11): drawn from the chain on this phone, renewed every 60 seconds without a network.
 * @module
 */

import { clock, now } from '../ui/clock.js';
import { when } from '../ui/language.js';
import { announce, go, html, nothing, update } from '../ui/page.js';
import { drawQR } from '../ui/qr.js';
import { codeText, endOf, linksOf, momentOf } from './session.js';
import { dropSession, leave, state } from './state.js';
import { refreshStatus } from './status.js';
import { t } from './texts.js';

/** @typedef {import('../ui/page.js').View} View */
/** @typedef {import('./session.js').Session} Session */

/** Minutes before the end that a screen reader says. */
const SAID = [10, 5, 2, 1];
/** Circumference of the ring. */
const ROUND = 2 * Math.PI * 26;
/** Widest drawing, CSS pixels: larger codes are read no better. */
const WIDEST = 440;

/** A text like a code's. The engine compiles the encoder with it while the page waits for its data. */
const SAMPLE = `RG1:${'A9 $'.repeat(47).slice(1)}`;

const canvas = document.createElement('canvas');
canvas.setAttribute('role', 'img');

/** @type {{session: Session, links: Uint8Array[]} | null} */
let chain = null;
let drawn = '';
let shown = false;
/** Whether a session was shown in this page, for the text after its end. */
let seen = false;
let syncing = false;
/** Whether the last request found no network. */
let unreachable = false;
let lastSaid = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
/** @type {WakeLockSentinel | null} */
let lock = null;

setTimeout(() => { for (let n = 0; n < 2; n++) drawQR(document.createElement('canvas'), SAMPLE + n, 1); });

/** Reports whether this page keeps the screen on, so that the phone does not sleep. */
export function isAwake() {
  return lock !== null && !lock.released;
}

async function keepAwake() {
  if (isAwake() || !shown || document.visibilityState !== 'visible') return;
  try {
    lock = await navigator.wakeLock.request('screen');
    if (!shown) await lock.release();
  } catch {
    lock = null; // old browsers, battery saver: the screen turns off as usual
  }
}

/** Draws the code of the present step, if it is not drawn yet. */
function draw() {
  if (!chain || chain.session !== state.session) return;
  const { step, left } = momentOf(chain.session, now());
  const width = Math.min(innerWidth - 24, innerHeight * 0.6, WIDEST) * devicePixelRatio;
  const name = `${chain.session.start} ${step} ${width}`;
  if (drawn !== name) {
    const fresh = drawn !== '' && !drawn.startsWith(`${chain.session.start} ${step} `);
    const start = performance.now();
    drawQR(canvas, codeText(chain.session, chain.links, step), width);
    performance.measure('code', { start, end: performance.now() });
    canvas.style.width = `${canvas.width / devicePixelRatio}px`;
    drawn = name;
    if (fresh) announce(t('saidNew', left));
  }
  canvas.setAttribute('aria-label', t('codeImage'));
}

/** Runs each second of the server's clock. */
function tick() {
  clearTimeout(timer);
  const { session } = state;
  if (!shown || !session) return;
  const moment = momentOf(session, now());
  if (moment.over) {
    drawn = '';
    if (!clock.doubtful) { // else the phone slept or its clock was set, and an answer will tell
      void dropSession();
      announce(t('overTitle'), { urgent: true });
    } else if (navigator.onLine && !unreachable) void sync();
  } else {
    draw();
    const minutes = Math.ceil(moment.rest / 60);
    if (minutes !== lastSaid && SAID.includes(minutes)) announce(t('saidRest', minutes));
    lastSaid = minutes;
    timer = setTimeout(tick, 1005 - (now() % 1000));
  }
  update();
}

/** Computes the chain, which a reload has lost, and starts. */
async function prepare() {
  const { session } = state;
  if (session && chain?.session !== session) {
    const links = await linksOf(session);
    if (state.session !== session) return;
    chain = { session, links };
    drawn = '';
  }
  if (!session) return;
  seen = true;
  tick();
  announce(t('said', momentOf(session, now()).left));
}

/** Asks the server for the status and its time. Without a network the code goes on. */
async function sync() {
  if (syncing || !state.held) return;
  syncing = true;
  update();
  try {
    await refreshStatus();
    unreachable = false;
  } catch {
    unreachable = true; // a dead token has erased the session
  } finally {
    syncing = false;
    tick();
    update();
  }
}

/** 刷新: draws again at once, then asks for the server's time. */
async function refresh() {
  drawn = '';
  tick();
  if (navigator.onLine) await sync();
  if (state.session) announce(`${unreachable || !navigator.onLine ? t('refreshedOffline') : t('refreshed')} ${t('said', momentOf(state.session, now()).left)}`);
}

function enter() {
  shown = true;
  void prepare();
  void keepAwake();
  if (navigator.onLine) void sync();
}

function exit() {
  shown = false;
  clearTimeout(timer);
  void lock?.release().catch(() => {});
  lock = null;
}

document.addEventListener('visibilitychange', () => {
  if (!shown || document.visibilityState !== 'visible') return;
  void keepAwake();
  tick();
  if (navigator.onLine) void sync();
});

addEventListener('resize', () => { if (shown) tick(); });
addEventListener('online', () => { if (shown) void sync(); });

/** @returns {HTMLDialogElement} */
function dialog() {
  return /** @type {HTMLDialogElement} */ (document.getElementById('leave'));
}

async function confirmLeave() {
  dialog().close();
  await leave();
  go('', { replace: true });
}

/** @returns {View} */
function shownCode(/** @type {Session} */ session) {
  const { held } = state;
  const moment = momentOf(session, now());
  const minutes = Math.ceil(moment.rest / 60);
  const rest = moment.rest > 60 ? t('restMinutes', minutes) : t('restSeconds', moment.rest);
  return html`<main class="code">
    <h1>${t('codeTitle')}</h1>
    <p class="who"><span class="soft">${t('holder')}</span> <bdi>${held?.name}</bdi>${held?.sandbox ? html` <span class="chip warn">${t('sandbox')}</span>` : nothing}</p>
    <div class="frame">${canvas}</div>
    <div class="beat">
      <div class="ring" role="timer"><svg viewBox="0 0 60 60" aria-hidden="true"><circle cx="30" cy="30" r="26"></circle>
        <circle class="left" cx="30" cy="30" r="26" stroke-dasharray=${ROUND} stroke-dashoffset=${ROUND * (1 - moment.left / session.period)}></circle></svg>
        <b class="number">${moment.left}</b><span class="soft">${t('nextIn')}</span></div>
      <button type="button" class="second" aria-busy=${syncing} @click=${refresh}>${t('refresh')}</button>
    </div>
    ${unreachable || !navigator.onLine ? html`<p class="soft quietly">${t('offline')}${clock.doubtful ? ` ${t('doubtful')}` : ''}</p>` : nothing}
    <div class="desk"><span class="soft">${t('serial')}</span> <b class="number">${session.serial}</b><span class="soft hint">${t('serialHint')}</span></div>
    <p class="soft">${t('validUntil', when(session.expires))} · ${rest}</p>
    <p class="soft">${t('scopes')}</p><p class="soft">${t('only')}</p>
    <button type="button" class="quiet wide" @click=${() => dialog().showModal()}>${t('leave')}</button>
    <dialog id="leave" aria-labelledby="leave-title"><h2 id="leave-title" class="first">${t('leaveTitle')}</h2><p>${held?.account ? t('leaveTextLogin') : t('leaveText')}</p>
      <div class="actions"><button type="button" class="danger" @click=${confirmLeave}>${t('leave')}</button><button type="button" class="second" @click=${() => dialog().close()}>${t('cancel')}</button></div></dialog>
  </main>`;
}

/** @returns {View} */
function view() {
  const { session, held } = state;
  if (session && endOf(session) * 1000 > now()) return shownCode(session);
  const alive = held?.status.status === 'approved' && (held.status.expires_at ?? 0) * 1000 > now();
  if (alive) {
    return html`<main class="plain"><h1>${t('overTitle')}</h1><p>${t('overText')}</p>${clock.doubtful ? html`<p class="soft">${t('doubtful')}</p>` : nothing}
      <a class="button wide" href="#face">${t('checkAgain')}</a></main>`;
  }
  if (held) return html`<main class="plain"><h1>${t('noCode')}</h1><a class="button wide" href="#result">${t('pendingGo')}</a></main>`;
  return html`<main class="plain"><h1>${seen ? t('endedTitle') : t('noCode')}</h1><p>${seen ? t('endedText') : t('noCodeText')}</p>
    <div class="actions"><a class="button" href="#apply">${t('heroApply')}</a><a class="button second" href="#return">${t('viewAgain')}</a></div></main>`;
}

export const part = { view, enter, exit };
