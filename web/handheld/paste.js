/**
 * The view in which the text of a code is pasted.
 * @module
 */

import { Form } from '../ui/form.js';
import { html } from '../ui/page.js';
import { frame } from './bar.js';
import { judge } from './judge.js';
import { t } from './texts.js';

/** A credential's number: day and index. */
const SERIAL = /^\s*\d{1,5}-\d{1,10}\s*$/;

let form = new Form({ text: '' });

/** Erases the text. */
export function leavePaste() {
  form = new Form({ text: '' });
}

/** Draws the view. */
export function pasteView() {
  const submit = form.submit(async ({ text }) => {
    if (text.trim() === '') return form.refuse('text', t('pasteEmpty'));
    if (SERIAL.test(text)) return form.refuse('text', t('pasteSerial'), t('pasteSerialNext'));
    leavePaste();
    await judge(text.replace(/[\r\n]+$/, '')); // what pasting adds; spaces are characters of a code
  });
  return frame(t('pasteTitle'), html`<p>${t('pasteText')}</p>
    <form class="card" novalidate @submit=${submit}>${form.field('text', { label: t('pasteLabel'), rows: 6, max: 1024 })}
      <button class="wide" ?disabled=${form.busy} aria-busy=${form.busy ? 'true' : 'false'}>${t('check')}</button></form>`, { back: '' });
}
