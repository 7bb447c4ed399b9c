/**
 * The choice of use and train.
 * @module
 */

import { go, html, nothing, update } from '../ui/page.js';
import { Form } from '../ui/form.js';
import { frame } from './bar.js';
import { preferences, rememberTrain } from './preferences.js';
import { engine } from './state.js';
import { t } from './texts.js';

const TRAIN = /^[0-9A-Z]{1,8}$/;

/** @type {Form | null} while the view is open */
let form = null;

/** Forgets a choice that was not finished. */
export function leaveDuty() {
  form = null;
}

/** @param {string} train */
function begin(train) {
  engine().setTrain(train);
  if (train) rememberTrain(train);
  go('');
}

/** @param {string} scope */
function choose(scope) {
  engine().setScope(scope);
  if (scope === 'onboard') update();
  else go('');
}

/** Draws the view. */
export function dutyView() {
  const { settings, scope, train } = engine();
  const shown = form ??= new Form({ train: train || '' });
  const submit = shown.submit(async (values) => {
    const name = values.train.trim().toUpperCase();
    if (name && !TRAIN.test(name)) return shown.refuse('train', t('trainBad'));
    begin(name);
  });
  return frame(t('dutyTitle'), html`<p class="soft">${t('dutyHint')}</p>
    <div class="grid" role="group" aria-label=${t('duty')}>${(settings?.scopes ?? []).map((s) => html`<button type="button" class="choice" aria-pressed=${scope === s ? 'true' : 'false'} @click=${() => choose(s)}>${t(/** @type {'entry'} */ (s))}</button>`)}</div>
    ${scope === 'onboard' ? html`<form class="card" novalidate @submit=${submit}>
      ${shown.field('train', { label: t('train'), hint: t('trainHint'), max: 12, optional: true })}
      ${preferences.trains.length ? html`<div class="actions trains">${preferences.trains.map((name) => html`<button type="button" class="second" @click=${() => begin(name)}><bdi>${name}</bdi></button>`)}</div>` : nothing}
      <button class="wide">${t('begin')}</button></form>` : nothing}`, { back: '' });
}
