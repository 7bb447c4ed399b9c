/**
 * Amnesties: the present ones, declaring one, ending one early.
 * @module
 */

import { now } from '../../ui/clock.js';
import { Form } from '../../ui/form.js';
import { Problem } from '../../ui/http.js';
import { language } from '../../ui/language.js';
import { html, nothing, update } from '../../ui/page.js';
import { act, refusal } from '../action.js';
import { ask, may } from '../login.js';
import { scopeName } from '../window/words.js';
import { exactly, span } from './parts.js';
import { t } from './texts.js';
import { fromField, toField } from './time.js';

/** @typedef {{id: string, station: string, scopes: ('entry' | 'exit')[], starts_at: number, ends_at: number, reason: string, by: string, ended?: boolean}} Amnesty */

const MAX_STATIONS = 64;
const MAX_NAME = 64; // bytes
const MAX_DIGITS = 8;
const DAY = 86400;

/** Durations that the form offers, seconds. The interface allows 48 hours. */
const DURATIONS = [1800, 3600, 2 * 3600, 4 * 3600, 12 * 3600, 24 * 3600, 48 * 3600];

const form = new Form({ stations: '', begins: 'now', at: '', lasts: '3600' }, { amnesty_invalid: '', reason_invalid: '' });
const scopes = { entry: true, exit: true };
let everywhere = false;

/** @type {Amnesty[] | null} */
let list = null;

/** @type {unknown} */
let failure = null;
let loading = false;

async function load() {
  if (loading) return;
  loading = true;
  update();
  try {
    const ended = (list ?? []).filter((a) => a.ended);
    const { amnesties } = await ask('GET', '/v1/amnesties');
    list = [...amnesties, ...ended.filter((a) => !amnesties.some((/** @type {Amnesty} */ b) => b.id === a.id))];
    failure = null;
  } catch (err) {
    failure = err;
  }
  loading = false;
  update();
}

/**
 * Returns the stations in a text, one a line, or what is wrong.
 * @param {string} text
 * @returns {{stations: string[], fault: string}}
 */
export function stationsOf(text) {
  const stations = text.split(/\r\n|\r|\n/).map((s) => s.normalize('NFC').trim()).filter(Boolean);
  if (!stations.length) return { stations, fault: t('stationsMissing') };
  if (stations.length > MAX_STATIONS) return { stations, fault: t('stationsMany') };
  const wrong = stations.find((s) => s === '*' || new TextEncoder().encode(s).length > MAX_NAME || /\p{C}/u.test(s) || (s.match(/[0-9]/g)?.length ?? 0) > MAX_DIGITS);
  if (wrong) return { stations, fault: t('stationForm', wrong) };
  const twice = stations.find((s, i) => stations.indexOf(s) !== i);
  return { stations, fault: twice ? t('stationTwice', twice) : '' };
}

const chosen = () => /** @type {('entry' | 'exit')[]} */ (['entry', 'exit']).filter((s) => scopes[s]);

/** The amnesty in the form, as far as it is complete. */
function wanted() {
  const at = Math.floor(now() / 1000);
  const starts = form.values.begins === 'now' ? at : fromField(form.values.at);
  return { starts, ends: starts === null ? null : starts + Number(form.values.lasts), stations: everywhere ? ['*'] : stationsOf(form.values.stations).stations };
}

/** @param {string[]} stations */
function inWords(stations) {
  if (stations[0] === '*') return t('everyStation');
  const shown = stations.slice(0, 3).join(language() === 'zh' ? '、' : ', ');
  return stations.length > 3 ? t('andMore', shown, stations.length) : shown;
}

/** @param {('entry' | 'exit')[]} of */
const gates = (of) => of.length === 2 ? t('bothGates') : scopeName(of[0]);

/**
 * @param {string[]} stations
 * @param {number} starts
 * @param {number} ends
 */
const sentence = (stations, starts, ends) => t('preview', ...span(starts, ends), inWords(stations), gates(chosen()));

async function declare() {
  const { starts, ends, stations } = wanted();
  const { fault } = everywhere ? { fault: '' } : stationsOf(form.values.stations);
  if (fault) form.faults.stations = { text: fault, next: '' };
  if (!chosen().length) form.faults.scopes = { text: t('scopesMissing'), next: '' };
  const at = now() / 1000;
  if (starts === null || ends === null || starts < at - DAY || starts > at + 7 * DAY || ends <= at) form.faults.at = { text: t('beginsWrong'), next: '' };
  if (Object.keys(form.faults).length || starts === null || ends === null) return update();
  const all = stations[0] === '*';
  // The times are fixed here, so that a repetition changes nothing.
  const body = { scopes: chosen(), stations, starts_at: starts, ends_at: ends };
  const answer = await act({
    title: t('declare'), object: inWords(stations), effect: t('amnestyEffect', sentence(stations, starts, ends)), told: t('recorded'), danger: all, repeatable: true,
    undo: t(all ? 'amnestyUndoAll' : 'amnestyUndo'), confirm: t('declare'),
    reasons: [['evacuation', t('evacuation')], ['crowding', t('crowding')], ['gate_fault', t('gate_fault')], ['drill', t('drill')]],
    send: (reason) => ask('POST', '/v1/amnesties', { ...body, reason }),
    done: (a) => t('amnestyDone', exactly(a.ends_at)),
    beside: (err) => err.code === 'amnesty_invalid',
  });
  if (answer) form.values.stations = '';
  await load();
}

/** @param {Amnesty} a */
async function end(a) {
  const answer = await act({
    title: t('endTitle'), object: a.station === '*' ? t('everywhere') : a.station, effect: t('endEffect', a.station === '*' ? t('everyStation') : a.station), told: t('recorded'), undo: t('endUndo'),
    confirm: t('end'), danger: true, repeatable: true,
    send: async () => {
      try {
        return await ask('POST', `/v1/amnesties/${a.id}/end`, {});
      } catch (err) {
        if (err instanceof Problem && err.code === 'amnesty_not_found') void load();
        throw err;
      }
    },
    done: () => t('endDone'),
  });
  if (answer) list = (list ?? []).map((b) => b.id === a.id ? { ...b, ended: true } : b);
  await load();
}

/** @param {Amnesty} a */
function chip(a) {
  const at = now() / 1000;
  if (a.ended || a.ends_at <= at) return html`<span class="chip soft">${t('overNow')}</span>`;
  return a.starts_at > at ? html`<span class="chip">${t('toCome')}</span>` : html`<span class="chip warn">${t('active')}</span>`;
}

/** @param {Amnesty} a */
const mayEnd = (a) => !a.ended && a.ends_at > now() / 1000 && may(a.station === '*' ? 'end_amnesty_everywhere' : 'end_amnesty');

function present() {
  if (failure) return html`${refusal(failure)}<button type="button" class="second" @click=${load}>${t('reload')}</button>`;
  if (!list) return html`<p class="soft" role="status">${t('loading')}</p>`;
  if (!list.length) return html`<p class="soft">${t('amnestyNone')}</p>`;
  return html`<ul class="rows card">${list.map((a) => html`<li class="amnesty ${a.ended ? 'past' : ''}">
    <div><strong><bdi>${a.station === '*' ? t('everywhere') : a.station}</bdi></strong> ${chip(a)}
      <p class="soft">${gates(a.scopes)} · ${reasonOf(a.reason)} · ${t('by')} <bdi>${a.by}</bdi></p>
      <p class="number">${span(a.starts_at, a.ends_at).join(' – ')}</p></div>
    ${mayEnd(a) ? html`<button type="button" class="second" @click=${() => end(a)}>${t('end')}</button>` : nothing}</li>`)}</ul>`;
}

/** @param {string} reason */
function reasonOf(reason) {
  return reason === 'evacuation' || reason === 'crowding' || reason === 'gate_fault' || reason === 'drill' ? t(reason) : reason;
}

/** @param {string} text @param {boolean} checked @param {(on: boolean) => void} set */
const box = (text, checked, set) => html`<label><input type="checkbox" .checked=${checked} @change=${(/** @type {Event} */ e) => {
  set(/** @type {HTMLInputElement} */ (e.target).checked);
  update();
}}>${text}</label>`;

/** @param {'now' | 'later'} value */
const begin = (value) => html`<label><input type="radio" name="begins" value=${value} .checked=${form.values.begins === value} @change=${() => {
  form.values.begins = value;
  if (value === 'later' && !form.values.at) form.values.at = toField(now() / 1000);
  update();
}}>${t(value)}</label>`;

/** @param {string} name */
const fault = (name) => form.faults[name] ? html`<p class="fault" role="alert">${form.faults[name].text}</p>` : nothing;

function declaring() {
  const { starts, ends, stations } = wanted();
  return html`<form novalidate class="card" @input=${() => update()} @submit=${form.submit(declare)}>
    <h2>${t('declare')}</h2>
    ${may('declare_amnesty_everywhere') ? html`<div class="choices gap">${box(t('everywhere'), everywhere, (on) => { everywhere = on; })}</div>` : nothing}
    ${everywhere ? nothing : form.field('stations', { label: t('stations'), hint: t('stationsHint'), rows: 3 })}
    <fieldset><legend>${t('scopes')}</legend><div class="choices">${box(scopeName('entry'), scopes.entry, (on) => { scopes.entry = on; })}${box(scopeName('exit'), scopes.exit, (on) => { scopes.exit = on; })}</div>${fault('scopes')}</fieldset>
    <fieldset><legend>${t('begins')}</legend><div class="choices">${begin('now')}${begin('later')}</div></fieldset>
    <div class="pair">${form.values.begins === 'later' ? form.field('at', { label: t('beginsAt'), type: 'datetime-local' }) : fault('at')}
      ${form.field('lasts', { label: t('lasts'), options: DURATIONS.map((s) => [String(s), s < 3600 ? t('minutes', s / 60) : t('hours', s / 3600)]) })}<div></div></div>
    ${starts !== null && ends !== null && stations.length && chosen().length ? html`<div class="notice" id="preview"><p>${sentence(stations, starts, ends)}</p>
      ${scopes.exit && !scopes.entry ? html`<p>${t('amnestyExit')}</p>` : nothing}</div>` : nothing}
    ${form.fault()}${form.faults[''] && form.failure instanceof Problem ? html`<p class="hint" lang="en">${form.failure.detail}</p>` : nothing}
    <div class="actions"><button aria-busy=${form.busy} ?disabled=${form.busy}>${t('declare')}…</button></div></form>`;
}

/** @type {import('../shell.js').DeskView} */
export const amnestyView = {
  id: 'amnesties',
  title: () => t('amnesty'),
  about: () => t('amnestyAbout'),
  group: () => t('groupStation'),
  operations: ['list_amnesties'],
  roles: ['window', 'police', 'operator'],
  enter: () => void load(),
  view: () => html`<h1>${t('amnesty')}</h1>
    <div class="headline"><h2>${t('amnestyList')}</h2><button type="button" class="quiet" aria-busy=${loading} @click=${load}>${t('reload')}</button></div>
    ${present()}${may('declare_amnesty') ? declaring() : nothing}`,
};
