/**
 * The verdict, full screen: light, shape and words say the same.
 * @module
 */

import { when } from '../ui/language.js';
import { html, nothing, svg } from '../ui/page.js';
import { next, rescan } from './judge.js';
import { preferences } from './preferences.js';
import { fill, span } from './span.js';
import { both, one, t } from './texts.js';

/** @typedef {import('./judge.js').Shown} Shown */

/** Circle with a tick, triangle with an exclamation mark, octagon with a cross: known without colour, too. */
const SHAPES = {
  green: svg`<circle cx="50" cy="50" r="46"/><path class="mark" d="M28 52l15 15 30-33"/>`,
  amber: svg`<path d="M50 6 97 90H3z" stroke-linejoin="round" stroke-width="6"/><path class="mark" d="M50 36v26M50 75v1"/>`,
  red: svg`<path d="M32 5h36l27 27v36L68 95H32L5 68V32z"/><path class="mark" d="M34 34l32 32M66 34 34 66"/>`,
};

/** @type {Record<'online' | 'offline', import('./advice.js').Pair>} */
const SOURCES = { online: ['联机判定', 'Judged online'], offline: ['离线判定', 'Judged offline'] };
/** @type {import('./advice.js').Pair} */
const AGE = ['数据{0}前', 'data {0} old'];
/** @type {import('./advice.js').Pair} */
const NO_AGE = ['无数据', 'no data'];
/** @type {import('./advice.js').Pair} */
const LIVE = ['数据实时', 'live data'];
/** Age below which data is live, ms: a network answers within it. */
const SOON = 2000;

/**
 * Draws a verdict.
 * @param {Shown} shown
 */
export function verdictView({ verdict, words, closes }) {
  const { light, admits } = words;
  const facts = [verdict.ticket?.train, words.used, words.text, words.step, ...words.notes].filter(Boolean);
  return html`<main class="verdict ${light} ${facts.length > 2 ? 'dense' : ''}" data-reason=${verdict.reason} @click=${closes ? next : nothing}>
    <p class="origin ${verdict.source}"><span class="lamp" aria-hidden="true"></span><b>${one(SOURCES[verdict.source])}</b> · ${one(ageOf(verdict))} · ${t(/** @type {'entry'} */ (verdict.scope))} · ${when(verdict.at / 1000, { hour: '2-digit', minute: '2-digit', second: '2-digit' })}</p>
    <div class="face">
      <svg class="shape" viewBox="0 0 100 100" aria-hidden="true">${SHAPES[light]}</svg>
      <h1>${both(words.title)}</h1>
      ${light === 'green' ? nothing : html`<p class="order">${both(words.order)}</p>`}
    </div>
    <div class="facts">
      ${ticketView(verdict)}
      ${words.used ? html`<p class="fact">${both(words.used)}</p>` : nothing}
      ${words.notes.map((note) => html`<p class="fact">${both(note)}</p>`)}
      ${words.step ? html`<p class="step">${both(words.step)}</p>` : nothing}
      ${admits && light === 'amber' && verdict.serial ? html`<p class="serial">${t('serial')} <bdi class="number">${verdict.serial}</bdi></p>` : nothing}
      ${words.text ? html`<p class="said">${both(words.text)}</p>` : nothing}
    </div>
    <div class="ends ${preferences.hand}">
      ${admits ? nothing : html`<button type="button" class="rescan" @click=${rescan}>${t('rescan')}</button>`}
      <button type="button" class="next" @click=${next}>${closes ? html`<span class="left"></span>` : nothing}<span>${t('next')}</span></button>
    </div>
  </main>`;
}

/**
 * Returns the age of the data that a verdict used.
 * @param {import('./engine/engine.js').Verdict} verdict
 * @returns {import('./advice.js').Pair}
 */
export function ageOf({ age }) {
  if (age === null) return NO_AGE;
  return age < SOON ? LIVE : fill(AGE, span(age));
}

/** @param {import('./engine/engine.js').Verdict} verdict */
function ticketView({ ticket }) {
  if (!ticket?.train) return nothing;
  return html`<p class="ticket"><b><bdi>${ticket.train}</bdi></b>
    ${ticket.coach ? html`<span>${t('coach', ticket.coach)}</span>` : nothing}
    ${ticket.seat ? html`<span><bdi>${ticket.seat}</bdi></span>` : nothing}
    ${ticket.departs ? html`<span>${t('departs', when(ticket.departs, { hour: '2-digit', minute: '2-digit' }))}</span>` : nothing}</p>`;
}
