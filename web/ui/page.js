/**
 * One page: views by the fragment of the address, redrawn as a whole from the state.
 *
 * The fragment names a view and never contains personal data or secrets.
 * @module
 */

import { html, render } from '../npm/lit-html/lit-html.js';
import { language, onLanguage, setLanguage, tag } from './language.js';

export { html, nothing, svg } from '../npm/lit-html/lit-html.js';

/** @typedef {import('../npm/lit-html/lit-html.js').TemplateResult} View */

let draw = () => {};
let due = false;

/**
 * Draws a view into an element and draws it again after each change of view, language and state.
 * @param {HTMLElement} root
 * @param {() => View} view of the current state
 */
export function show(root, view) {
  root.replaceChildren(); // the content for first paint
  draw = () => {
    document.documentElement.lang = tag();
    render(view(), root);
  };
  onLanguage(draw);
  let before = location.hash;
  addEventListener('hashchange', () => {
    draw();
    if (location.hash === before) return;
    before = location.hash;
    scrollTo(0, 0);
    const heading = root.querySelector('h1');
    heading?.setAttribute('tabindex', '-1');
    heading?.focus({ preventScroll: true });
  });
  draw();
}

/** Draws the view again before the next frame. */
export function update() {
  if (due) return;
  due = true;
  queueMicrotask(() => {
    due = false;
    draw();
  });
}

/**
 * Returns the segments of the view's name: `#passengers/add` is ['passengers', 'add'], no fragment is [''].
 * @returns {string[]}
 */
export function route() {
  return location.hash.slice(1).split('/');
}

/**
 * Changes to a view.
 * @param {string} name
 * @param {{replace?: boolean}} [how] replace: the back button does not return to the present view
 */
export function go(name, { replace = false } = {}) {
  if (!replace) {
    location.hash = name;
    return;
  }
  history.replaceState(null, '', `#${name}`);
  dispatchEvent(new HashChangeEvent('hashchange'));
}

/**
 * Lets a screen reader say a text.
 * @param {string} text
 * @param {{urgent?: boolean}} [how] urgent: interrupts
 */
export function announce(text, { urgent = false } = {}) {
  const id = urgent ? 'said-now' : 'said';
  let region = document.getElementById(id);
  if (!region) {
    region = document.createElement('div');
    region.id = id;
    region.className = 'unseen';
    region.setAttribute('role', urgent ? 'alert' : 'status');
    document.body.append(region);
  }
  region.textContent = text;
}

/** The button that changes the language. */
export function languageButton() {
  const other = language() === 'zh' ? 'en' : 'zh';
  return html`<button type="button" class="quiet" lang=${other === 'zh' ? 'zh-CN' : 'en'} @click=${() => setLanguage(other)}>${other === 'zh' ? '中文' : 'English'}</button>`;
}
