/**
 * The desk of station windows, agencies, police desks and operators: one page, its views by what the credential allows.
 * @module
 */

import { announce, route, show, update } from '../ui/page.js';
import { active, member, onLogin, restore, watch } from './login.js';
import { entry, opening } from './entry.js';
import { drawModal, modalOpen } from './modal.js';
import { expose, next, stay, tick } from './personal.js';
import { allows, frame, onKey } from './shell.js';
import { t } from './texts.js';

/** @typedef {import('./shell.js').DeskView} DeskView */

/** @type {DeskView[] | null} */
let views = null;
let failed = false;
let restored = false;

/** Whether the page showed the desk when it was drawn last. */
let unlocked = true;

async function load() {
  failed = false;
  try {
    const groups = await Promise.all([import('./window/views.js'), import('./authority/views.js')]);
    views = groups.flatMap((group) => group.views);
    enter();
  } catch {
    failed = true;
  }
  update();
}

/** Returns the present view, if the credential allows it. */
function present() {
  const view = views?.find((v) => v.id === route()[0]);
  return view && allows(view) ? view : undefined;
}

/** Tells the view that it is entered. */
function enter() {
  const view = present();
  document.title = [view?.title(), t('desk'), 'railgate'].filter(Boolean).join(' · ');
  view?.enter?.(route().slice(1));
}

function page() {
  queueMicrotask(() => drawModal(member() !== null));
  if (!restored) return opening(false, () => {});
  if (!member()) {
    if (unlocked) queueMicrotask(() => document.getElementById('credential')?.focus());
    unlocked = false;
    return entry();
  }
  unlocked = true;
  return views ? frame(views) : opening(failed, load);
}

/** A printable key without a focused field goes to the view's field for codes: a scanner types there. */
function toScanField(/** @type {KeyboardEvent} */ e) {
  if (e.key.length !== 1 || e.key === ' ' || e.ctrlKey || e.metaKey || e.altKey || modalOpen()) return;
  if (document.activeElement?.matches('input, select, textarea, button, a, [role=radio]')) return;
  /** @type {HTMLElement | null} */ (document.querySelector('main [data-scan] :is(input, textarea)'))?.focus();
}

addEventListener('keydown', (e) => {
  active();
  stay();
  if (member() && views && !modalOpen()) onKey(e, views);
  toScanField(e);
});
for (const kind of ['pointerdown', 'wheel', 'touchmove']) {
  addEventListener(kind, () => {
    active();
    stay();
  }, { passive: true });
}
addEventListener('input', (e) => {
  if (present()?.personal && /** @type {Element} */ (e.target).matches(':is(main, dialog) :is(input:not([type=radio], [type=checkbox]), textarea)')) {
    expose();
    update();
  }
});
addEventListener('hashchange', enter);
addEventListener('visibilitychange', second);

/** Once a second: the idle lock and the passenger's time. */
function second() {
  watch();
  tick((left) => {
    if (left === 30 || left === 10) announce(t('erasedIn', left));
    update();
  });
}

onLogin((whose) => {
  if (whose === 'other') next(); // another post's work
  queueMicrotask(enter);
});
setInterval(second, 1000);
show(/** @type {HTMLElement} */ (document.getElementById('desk')), page);
void load();
void restore().finally(() => {
  restored = true;
  update();
});
