// Compares the form of a page with one that measures all three.
import assert from 'node:assert/strict';
import test from 'node:test';

import { shortestForm } from '../railgate/serials.js';

const PAGE = 65536;
const sizeOf = (n) => (n < 128 ? 1 : n < 16384 ? 2 : 3);

/** Returns the form whose content is shortest, from the content itself. */
function plain(bits) {
  const set = [];
  for (let i = 0; i < PAGE; i++) if (bits[i >> 3] >> (i & 7) & 1) set.push(i);
  if (set.length === 0) return -1;
  const single = set.reduce((sum, i, n) => sum + sizeOf(i - (n === 0 ? 0 : set[n - 1] + 1)), sizeOf(set.length - 1));
  const runs = [];
  for (const i of set) {
    if (runs.length > 0 && runs.at(-1).end === i) runs.at(-1).end++;
    else runs.push({ begin: i, end: i + 1 });
  }
  const grouped = runs.reduce((sum, { begin, end }, n) => sum + sizeOf(begin - (n === 0 ? 0 : runs[n - 1].end)) + sizeOf(end - begin - 1), sizeOf(runs.length - 1));
  const sizes = [single, PAGE / 8, grouped];
  return sizes.indexOf(Math.min(...sizes));
}

test('the form of a page is the shortest', () => {
  let state = 3;
  const random = (n) => Math.floor((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32 * n);
  const forms = new Map();
  for (let round = 0; round < 300; round++) {
    const bits = new Uint8Array(PAGE / 8);
    const gap = [1, 2, 3, 8, 20, 130, 2000, 17000, 65536][random(9)];
    const length = [1, 1, 2, 7, 8, 9, 127, 128, 129, 300, 16384, 16385][random(12)];
    for (let i = random(2) * random(gap); i < PAGE; i += 1 + random(2 * gap)) {
      for (const end = Math.min(PAGE, i + (random(3) ? length : 1 + random(length))); i < end; i++) bits[i >> 3] |= 1 << (i & 7);
    }
    const form = shortestForm(bits);
    assert.equal(form, plain(bits), `round ${round}, gap ${gap}, length ${length}`);
    forms.set(form, (forms.get(form) ?? 0) + 1);
  }
  assert.equal(shortestForm(new Uint8Array(PAGE / 8)), -1);
  assert.equal(shortestForm(new Uint8Array(PAGE / 8).fill(255)), 2);
  assert.ok(forms.size >= 3 && Math.min(...forms.values()) > 3, `${[...forms]}`);
});
