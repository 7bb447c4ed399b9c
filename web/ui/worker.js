/**
 * The service worker of a page: keeps the files of one version of the page, so that it opens without a network.
 *
 * A classic script. The page's worker imports its list before it: `self.VERSION` and `self.FILES`, the page's own path
 * first, as the server composes them. The worker answers requests of this page for these files and nothing else: another
 * page under the same scope, a request to `/v1/` and a file that is not listed go to the network. A new version is
 * installed as a whole, beside the present one, and takes over at the next start of the page.
 */
'use strict';

(() => {
  const worker = /** @type {any} */ (self);
  /** @type {string[]} */
  const files = worker.FILES;
  const page = files[0];
  /** Names of this page's caches begin with it. A page's path ends in `/`, so no page's name begins with another's. */
  const family = `railgate ${page} `;
  const own = family + worker.VERSION;
  const listed = new Set(files);

  /** Stores all files, or none. A file list that changes meanwhile means that files of two versions may be mixed. */
  async function install() {
    try {
      const cache = await caches.open(own);
      await cache.addAll(files.map((file) => new Request(file, { cache: 'no-cache', credentials: 'omit', redirect: 'error' })));
      const list = await fetch(new URL('files.js', worker.location.href), { cache: 'no-store', credentials: 'omit' });
      if (!list.ok || !(await list.text()).includes(worker.VERSION)) throw new Error('the page changed during installation');
    } catch (err) {
      await caches.delete(own);
      throw err;
    }
  }

  /**
   * Erases earlier versions of this page. Pages that were loaded before the first version was installed get its files at
   * once: they are the same.
   */
  async function activate() {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name.startsWith(family) && name !== own).map((name) => caches.delete(name)));
    await worker.clients.claim();
  }

  /** @param {string} path */
  async function stored(path) {
    const cache = await caches.open(own);
    return cache.match(path, { ignoreVary: true });
  }

  /**
   * Answers from the cache; the network answers if a browser has erased it.
   * @param {any} event
   * @param {string} path
   * @param {boolean} navigation
   */
  async function answer(event, path, navigation) {
    if (!navigation) {
      const client = await worker.clients.get(event.clientId);
      const from = client && new URL(client.url).pathname;
      if (from !== page && !listed.has(from)) return fetch(event.request); // of another page; a worker of this page has a listed path
    }
    return (await stored(path)) ?? fetch(event.request);
  }

  worker.addEventListener('install', (/** @type {any} */ event) => event.waitUntil(install()));
  worker.addEventListener('activate', (/** @type {any} */ event) => event.waitUntil(activate()));
  worker.addEventListener('fetch', (/** @type {any} */ event) => {
    const { request } = event;
    const url = new URL(request.url);
    if (request.method !== 'GET' || url.origin !== worker.location.origin || url.pathname.startsWith('/v1/')) return;
    const navigation = request.mode === 'navigate';
    if (navigation ? url.pathname === page : listed.has(url.pathname)) event.respondWith(answer(event, url.pathname, navigation));
  });
})();
