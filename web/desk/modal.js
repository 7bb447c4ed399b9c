/**
 * The page's one dialog: drawn with the page, shown above it, closed by its buttons or Esc.
 * @module
 */

import { render } from '../npm/lit-html/lit-html.js';

/** @typedef {import('../ui/page.js').View} View */

/**
 * A dialog. Its view has an element `#modal-title`.
 * @typedef {object} Modal
 * @property {() => View} view
 * @property {() => boolean} [mayClose] whether Esc closes it; default yes
 * @property {() => void} [closed]
 * @property {boolean} [anyone] shown while the desk is locked, too
 */

/** @type {Modal | null} */
let current = null;

/** @type {HTMLDialogElement | null} */
let element = null;

function dialog() {
  if (element) return element;
  element = document.createElement('dialog');
  element.setAttribute('aria-labelledby', 'modal-title');
  element.addEventListener('cancel', (e) => {
    e.preventDefault();
    if (current?.mayClose?.() ?? true) closeModal();
  });
  document.body.append(element);
  return element;
}

/**
 * Shows a dialog in place of the present one.
 * @param {Modal} modal
 */
export function openModal(modal) {
  const before = current;
  current = modal;
  before?.closed?.();
  drawModal();
}

/** Closes the dialog. */
export function closeModal() {
  const before = current;
  current = null;
  drawModal();
  before?.closed?.();
}

/** Reports whether a dialog is open. */
export function modalOpen() {
  return current !== null;
}

let unlocked = true;

/**
 * Draws the dialog again. While the desk is locked it is hidden and kept.
 * @param {boolean} [isUnlocked]
 */
export function drawModal(isUnlocked = unlocked) {
  unlocked = isUnlocked;
  if (!current && !element) return;
  const d = dialog();
  if (!current || !(unlocked || current.anyone)) {
    if (d.open) d.close();
    render(null, d);
    return;
  }
  render(current.view(), d);
  if (!d.open) d.showModal();
}
