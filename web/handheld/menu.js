/**
 * The menu, and the verdicts that were shown before.
 * @module
 */

import { when } from '../ui/language.js';
import { html, languageButton, nothing } from '../ui/page.js';
import { frame } from './bar.js';
import { judging, RECENT } from './judge.js';
import { engine } from './state.js';
import { one, t } from './texts.js';
import { ageOf } from './verdictview.js';

/** @type {[view: string, name: Parameters<typeof t>[0]][]} */
const VIEWS = [['duty', 'dutyTitle'], ['data', 'status'], ['queue', 'queue'], ['conflicts', 'conflicts'], ['recent', 'recent'], ['paste', 'pasteTitle'], ['settings', 'settings']];

/** Draws the menu. */
export function menuView() {
  const { queue, conflicts } = engine().status;
  /** @type {Record<string, number>} */
  const counts = { queue: queue.waiting, conflicts };
  return frame(t('menu'), html`<ul class="rows card">${VIEWS.map(([view, name]) => html`<li><a class="row" href="#${view}"><span>${t(name)}</span>${counts[view] ? html`<b class="badge number">${counts[view]}</b>` : nothing}</a></li>`)}</ul>
    <p class="center">${languageButton()}</p>`, { back: '' });
}

/** Draws the latest verdicts. */
export function recentView() {
  return frame(t('recent'), html`<p class="soft">${t('recentText', RECENT)}</p>
    ${judging.recent.length === 0 ? html`<p class="card">${t('recentNone')}</p>` : html`<ul class="rows card">${judging.recent.map(({ verdict, words }) => html`<li class="past">
      <span class="dot ${words.light}" aria-hidden="true"></span>
      <div class="grow"><b>${one(words.title)}</b> · ${one(words.order)}<br><span class="soft number">${when(verdict.at / 1000, { hour: '2-digit', minute: '2-digit', second: '2-digit' })} · ${t(verdict.source)} · ${one(ageOf(verdict))}${verdict.ticket?.train ? html` · <bdi>${verdict.ticket.train} ${verdict.ticket.coach ?? ''} ${verdict.ticket.seat ?? ''}</bdi>` : nothing}</span></div></li>`)}</ul>`}`);
}
