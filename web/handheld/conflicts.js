/**
 * The view of the conflicts: two passages with one temporary ID.
 * @module
 */

import { when } from '../ui/language.js';
import { html, nothing, update } from '../ui/page.js';
import { frame } from './bar.js';
import { gapOf } from './span.js';
import { engine } from './state.js';
import { one, t } from './texts.js';

/** @typedef {Awaited<ReturnType<import('./state.js').Engine['conflicts']>>[number]} Conflict */

/** @type {Conflict[] | null} null: not read yet */
let list = null;
let seen = -1;

/** Reads the list again at the next drawing. */
export function leaveConflicts() {
  seen = -1;
}

async function read() {
  list = await engine().conflicts();
  update();
}

/** @param {Conflict} conflict */
async function acknowledge(conflict) {
  await engine().acknowledgeConflict(conflict.id);
  await read();
}

/** Draws the view. */
export function conflictsView() {
  const { conflicts } = engine().status;
  if (conflicts !== seen) {
    seen = conflicts;
    read();
  }
  const open = list?.filter(({ decided }) => decided === null) ?? [];
  const done = list?.filter(({ decided }) => decided !== null) ?? [];
  return frame(t('conflicts'), html`<p class="soft">${t('conflictsText')}</p>
    ${list && open.length === 0 ? html`<p class="card good">${t('conflictsNone')}</p>` : nothing}
    ${open.map(conflictView)}
    ${done.length > 0 ? html`<details class="card"><summary>${t('doneList', done.length)}</summary><ul class="rows">${done.map(doneView)}</ul></details>` : nothing}`);
}

/** @param {Conflict} conflict */
function conflictView(conflict) {
  const { id, serial, way, here, there, gap } = conflict;
  return html`<article class="card conflict" aria-labelledby="conflict-${id}"><h2 id="conflict-${id}">${t(way)} · ${t('serial')} <bdi class="number">${serial}</bdi></h2>
    <div class="pair">${place(t('here'), here.place, here.at)}<p class="gap"><span>${t('gap')}</span><b class="number">${one(gapOf(gap))}</b></p>${place(t('elsewhere'), t(/** @type {'place_unknown'} */ (`place_${there.place}`)), there.at)}</div>
    <p>${t('conflictNext')}</p>
    <button type="button" class="second wide" @click=${() => acknowledge(conflict)}>${t('acknowledge')}</button></article>`;
}

/** @param {Conflict} conflict */
function doneView({ serial, way, here, gap, decided }) {
  return html`<li><bdi class="number">${serial}</bdi> · ${t(way)} · ${when(here.at / 1000)} · ${t('gap')} ${one(gapOf(gap))}<br><span class="good">${t('acknowledged', when((decided ?? 0) / 1000))}</span></li>`;
}

/**
 * @param {string} title
 * @param {string} name
 * @param {number | null} at Unix ms
 */
function place(title, name, at) {
  return html`<div class="place"><span class="soft">${title}</span><b><bdi>${name}</bdi></b><span class="number">${at ? when(at / 1000, { hour: '2-digit', minute: '2-digit', second: '2-digit' }) : '–'}</span></div>`;
}
