/**
 * The state of the streams, in plain words, with what to do.
 * @module
 */

import { html, nothing, route, update } from '../../ui/page.js';
import { when } from '../../ui/language.js';
import { refusal } from '../action.js';
import { ask, member } from '../login.js';
import { judgeIssuer, judgeStream, worst } from './health.js';
import { lamp } from './parts.js';
import { t } from './texts.js';

/** @typedef {import('./health.js').Streams} Streams */
/** @typedef {import('./health.js').Finding} Finding */

/** Time between updates, and time after which they pause until the operator continues them, ms. */
const EVERY = 5000;
const PAUSE = 10 * 60_000;

/** @type {Streams | null} */
let state = null;

/** @type {unknown} */
let failure = null;
let loading = false;
let since = 0; // the updates began
let timer = 0;

async function load() {
  if (loading) return;
  loading = true;
  update();
  try {
    state = await ask('GET', '/v1/streams', undefined, { patience: EVERY });
    failure = null;
  } catch (err) {
    failure = err;
  }
  loading = false;
  update();
}

const isHere = () => route()[0] === 'streams' && member() !== null;
const goesOn = () => Date.now() - since < PAUSE;

async function follow() {
  clearTimeout(timer);
  if (!isHere()) return;
  if (!document.hidden) await load();
  clearTimeout(timer);
  if (isHere() && goesOn()) timer = window.setTimeout(follow, EVERY);
  else update();
}

function begin() {
  since = Date.now();
  void follow();
}

const NAMES = /** @type {const} */ ({ control: 'control', bookings: 'bookings' });

/** @type {Record<import('./health.js').Key, [text: Parameters<typeof t>[0], next?: Parameters<typeof t>[0]]>} */
const WORDS = {
  working: ['working'], sending: ['sendingNow'], late: ['late', 'lateNext'], noLease: ['noLease', 'noLeaseNext'], failing: ['failing', 'failingNext'], silent: ['silent', 'silentNext'],
  denying: ['denying', 'denyingNext'], standby: ['standby'], topic: ['topic', 'topicNext'], republished: ['republished', 'republishedNext'], skew: ['skew', 'skewNext'],
  notReady: ['notReady', 'notReadyNext'], cause: ['cause'],
};

/** @param {Finding} f */
function finding(f) {
  const [text, next] = WORDS[f.key];
  return html`<li>${lamp(f.level, t(f.level))}<div><p>${f.key === 'cause' ? html`<bdi lang="en">${f.values[0]}</bdi>` : t(text, ...f.values)}</p>${next ? html`<p class="soft">${t(next)}</p>` : nothing}</div></li>`;
}

/**
 * @param {import('./health.js').Stream} s
 * @param {Streams} all
 */
function stream(s, all) {
  const found = judgeStream(s, all);
  const age = (/** @type {number} */ ms, /** @type {number} */ at) => t('ago', Math.max(0, Math.round((at - ms) / 1000)));
  return html`<section class="card"><div class="headline"><h2>${t(NAMES[s.stream])}</h2>${lamp(worst(found), t(worst(found)))}</div>
    <ul class="findings">${found.map(finding)}</ul>
    <dl class="facts"><dt>${t('waitingRecords')}</dt><dd class="number">${s.waiting}</dd><dt>${t('lease')}</dt><dd>${s.lease_until_ms ? t(s.here ? 'leaseHere' : 'leaseOther') : t('leaseNone')}</dd>
      <dt>${t('topicName')}</dt><dd>${s.topic || '–'}</dd><dt>${t('epoch')}</dt><dd class="number">${s.epoch}</dd></dl>
    <details><summary>${t('showPartitions')} <span class="number">${s.partitions.length}</span></summary><div class="wide"><table>
      <thead><tr><th scope="col">${t('partition')}</th><th scope="col">${t('waitingRecords')}</th><th scope="col">${t('lastNumber')}</th><th scope="col">${t('watermark')}</th></tr></thead>
      <tbody>${s.partitions.map((p) => html`<tr class="number"><td>${p.partition}</td><td>${p.waiting}${p.oldest_ms ? html` <span class="soft">(${age(p.oldest_ms, all.now_ms)})</span>` : nothing}</td>
        <td>${p.last}</td><td>${p.watermark_ms ? age(p.watermark_ms, all.issuer_ms) : '–'}</td></tr>`)}</tbody></table></div></details></section>`;
}

/** @param {Streams} all */
function overall(all) {
  const own = judgeIssuer(all);
  const level = worst([...own, ...all.streams.flatMap((s) => judgeStream(s, all))]);
  const title = t(level === 'good' ? 'allGood' : level === 'warn' ? 'allWarn' : 'allBad');
  return html`<div class="overall ${level}" role="status">${lamp(level, title)}<span class="number">${t('updated', when(all.issuer_ms / 1000, { hour: '2-digit', minute: '2-digit', second: '2-digit' }))}</span></div>
    ${own.length ? html`<section class="card"><h2>${t('issuer')}</h2><ul class="findings">${own.map(finding)}</ul></section>` : nothing}`;
}

/** @type {import('../shell.js').DeskView} */
export const streamsView = {
  id: 'streams',
  title: () => t('streams'),
  about: () => t('streamsAbout'),
  group: () => t('groupSystem'),
  operations: ['read_streams'],
  roles: ['operator'],
  enter: begin,
  view: () => html`<div class="headline"><h1>${t('streams')}</h1><span class="soft">${goesOn() ? t('auto') : t('autoOver')}</span>
      <button type="button" class="quiet" @click=${begin}>${goesOn() ? t('reload') : t('goOn')}</button></div>
    ${failure ? html`${refusal(failure)}${state ? html`<p class="soft">${t('stale')}</p>` : nothing}` : nothing}
    ${state ? html`${overall(state)}${state.streams.map((s) => stream(s, /** @type {Streams} */ (state)))}` : failure ? nothing : html`<p class="soft" role="status">${t('loading')}</p>`}`,
};
