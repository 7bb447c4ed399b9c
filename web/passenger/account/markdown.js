/**
 * Draws the Markdown of the privacy policy: headings, paragraphs, lists, bold text. Everything else is shown as text.
 * @module
 */

import { html } from '../../ui/page.js';

/**
 * @typedef {object} Block
 * @property {1 | 2 | 3 | 0} level of a heading; 0: a paragraph
 * @property {string[]} [items] of a list
 * @property {string} [text]
 */

/**
 * Parses a text into blocks. A paragraph or an item is one or more lines.
 * @param {string} text
 * @returns {Block[]}
 */
export function blocks(text) {
  /** @type {Block[]} */
  const out = [];
  let open = false; // the next line continues the last block
  for (const line of text.split(/\r?\n/)) {
    const heading = /^(#{1,3})\s+(.*)$/.exec(line);
    const item = /^\s*[-*]\s+(.*)$/.exec(line);
    const last = out.at(-1);
    if (!line.trim()) open = false;
    else if (heading) {
      out.push({ level: /** @type {1 | 2 | 3} */ (heading[1].length), text: heading[2] });
      open = false;
    } else if (item) {
      if (last?.items) last.items.push(item[1]);
      else out.push({ level: 0, items: [item[1]] });
      open = true;
    } else if (open && last?.items) last.items.push(`${last.items.pop()} ${line.trim()}`);
    else if (open && last) last.text += ` ${line.trim()}`;
    else {
      out.push({ level: 0, text: line.trim() });
      open = true;
    }
  }
  return out;
}

/**
 * Splits a text at its bold parts: every second part is bold.
 * @param {string} text
 */
export function boldParts(text) {
  const parts = text.split('**');
  if (parts.length % 2 === 0) parts.push(parts.splice(-2).join('**')); // a mark without its end
  return parts;
}

/** @param {string} text */
function inline(text) {
  return boldParts(text).map((part, i) => (i % 2 ? html`<strong>${part}</strong>` : part));
}

/**
 * Draws a text. Its first heading is the view's h1.
 * @param {string} text
 */
export function markdown(text) {
  return blocks(text).map(({ level, items, text: words = '' }) => {
    if (items) return html`<ul class="prose">${items.map((item) => html`<li>${inline(item)}</li>`)}</ul>`;
    if (level === 1) return html`<h1>${inline(words)}</h1>`;
    if (level === 2) return html`<h2>${inline(words)}</h2>`;
    if (level === 3) return html`<h3>${inline(words)}</h3>`;
    return html`<p>${inline(words)}</p>`;
  });
}
