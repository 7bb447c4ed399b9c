/**
 * Lighthouse's scores of a page: performance, accessibility, best practices and search engines' advice. Version 12 has no
 * category for installable apps.
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { launch } from './harness.js';
import { importFrom } from './tools.js';

export const CATEGORIES = ['performance', 'accessibility', 'best-practices', 'seo'];

/** Returns a free port. */
async function freePort() {
  const server = createServer();
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', () => resolve(undefined)); });
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  await new Promise((resolve) => { server.close(resolve); });
  return port;
}

/**
 * Returns the scores of each page, 0 to 100, and the audits that cost points, in the order of the addresses.
 * @param {{url: string, desktop?: boolean}[]} pages
 */
export async function scores(pages) {
  const { default: lighthouse, desktopConfig } = await importFrom('lighthouse/core/index.js');
  const scratch = mkdtempSync(join(tmpdir(), 'railgate-lighthouse-'));
  const port = await freePort();
  const browser = await launch(join(scratch, 'none.y4m'), [`--remote-debugging-port=${port}`]);
  try {
    const all = [];
    for (const { url, desktop } of pages) {
      let lhr;
      for (let tries = 3; tries > 0; tries--) {
        ({ lhr } = await lighthouse(url, { port, output: 'json', onlyCategories: CATEGORIES, logLevel: 'error' }, desktop ? desktopConfig : undefined));
        const broken = CATEGORIES.filter((name) => lhr.categories[name].score === null); // an audit of it had an error of Lighthouse
        if (broken.length === 0) break;
        const audits = Object.values(lhr.audits).filter(({ errorMessage }) => errorMessage).map(({ id, errorMessage }) => `${id}: ${errorMessage}`);
        console.error(`Lighthouse has no score for ${broken} of ${url}: ${lhr.runtimeError?.message ?? audits.join('; ')}`);
      }
      const lost = Object.values(lhr.categories).flatMap(({ auditRefs }) => auditRefs
        .filter(({ weight, id }) => weight > 0 && (lhr.audits[id].score ?? 1) < 0.9)
        .map(({ id }) => `${id}: ${lhr.audits[id].displayValue ?? lhr.audits[id].title}`));
      all.push({ url, scores: Object.fromEntries(CATEGORIES.map((name) => [name, Math.round((lhr.categories[name].score ?? 0) * 100)])), lost });
    }
    return all;
  } finally {
    await browser.close();
    rmSync(scratch, { recursive: true, force: true });
  }
}
