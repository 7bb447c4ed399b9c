import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import vm from 'node:vm';

const source = readFileSync(new URL('../ui/worker.js', import.meta.url), 'utf8');
const ORIGIN = 'https://rail.example';

/** Caches of an origin, as browsers have them. */
class Caches {
  constructor(network) {
    this.network = network;
    this.all = new Map();
  }

  async open(name) {
    if (!this.all.has(name)) this.all.set(name, new Map());
    const files = this.all.get(name);
    return {
      addAll: async (requests) => {
        const answers = await Promise.all(requests.map((request) => this.network(request.url)));
        if (answers.some(({ ok }) => !ok)) throw new TypeError('not ok');
        requests.forEach((request, i) => files.set(request.url, answers[i]));
      },
      match: async (path) => files.get(path),
    };
  }

  async keys() {
    return [...this.all.keys()];
  }

  async delete(name) {
    return this.all.delete(name);
  }
}

/** Starts the worker of a page. */
function start(page, version, caches, network, pages = {}) {
  const listeners = {};
  const self = {
    VERSION: version, FILES: [page, `${page}app.js`, '/ui/page.js'],
    location: { href: `${ORIGIN}${page}sw.js`, origin: ORIGIN },
    addEventListener: (name, listener) => { listeners[name] = listener; },
    clients: { claim: async () => {}, get: async (id) => (pages[id] ? { url: ORIGIN + pages[id] } : undefined) },
  };
  const fetch = (request) => network(typeof request.url === 'string' ? request.url : String(request).replace(ORIGIN, ''));
  vm.runInNewContext(source, { self, caches, fetch, URL, Error, Set, Promise, Request: class { constructor(url) { this.url = url; } } });
  const run = async (name) => {
    let work;
    listeners[name]({ waitUntil: (promise) => { work = promise; } });
    await work;
  };
  return {
    install: () => run('install'),
    activate: () => run('activate'),
    /** Returns the worker's answer, or undefined if it leaves the request to the network. */
    ask: (path, { client = 'own', mode = 'cors', method = 'GET', origin = ORIGIN } = {}) => {
      let answer;
      listeners.fetch({ request: { url: origin + path, mode, method }, clientId: client, respondWith: (promise) => { answer = promise; } });
      return answer;
    },
  };
}

/** A network that answers with the version of its files. */
const served = (version, listed = version) => async (url) => ({ ok: true, from: `network ${version}`, url, text: async () => `self.VERSION = '${listed}';` });
const pages = { own: '/', desk: '/desk/', held: '/handheld/' };

test('a version is installed, answers without a network and is replaced as a whole', async () => {
  const caches = new Caches(served('one'));
  const first = start('/', 'one', caches, served('one'), pages);
  await first.install();
  await first.activate();
  const lost = async () => { throw new TypeError('no network'); };
  const offline = start('/', 'one', caches, lost, pages);
  assert.equal((await offline.ask('/', { mode: 'navigate' })).from, 'network one');
  assert.equal((await offline.ask('/ui/page.js')).from, 'network one');

  caches.network = served('two');
  const second = start('/', 'two', caches, served('two'), pages);
  await second.install();
  assert.equal((await offline.ask('/app.js')).from, 'network one', 'the first version answers until the next start');
  await second.activate();
  assert.deepEqual(await caches.keys(), ['railgate / two']);
  assert.equal((await second.ask('/app.js')).from, 'network two');
});

test('a failed installation leaves nothing and the present version as it is', async () => {
  const caches = new Caches(served('one'));
  const first = start('/', 'one', caches, served('one'), pages);
  await first.install();
  caches.network = async (url) => (url === '/ui/page.js' ? { ok: false } : served('two')(url));
  await assert.rejects(start('/', 'two', caches, served('two'), pages).install());
  assert.deepEqual(await caches.keys(), ['railgate / one']);
  caches.network = served('two');
  await assert.rejects(start('/', 'two', caches, served('three'), pages).install(), /changed/, 'files of two versions');
  assert.deepEqual(await caches.keys(), ['railgate / one']);
});

test('it answers its own page only', async () => {
  const caches = new Caches(served('one'));
  const worker = start('/', 'one', caches, served('now', 'one'), pages);
  await worker.install();
  assert.equal((await worker.ask('/ui/page.js', { client: 'desk' })).from, 'network now', 'another page gets the file from the network');
  assert.equal((await worker.ask('/ui/page.js', { client: '' })).from, 'network now');
  for (const [path, how] of [
    ['/desk/', { mode: 'navigate' }], ['/handheld/', { mode: 'navigate' }], ['/app.js', { mode: 'navigate' }], ['/desk/app.js', {}], ['/v1/applications', {}],
    ['/v1/location', { method: 'POST' }], ['/', { method: 'POST' }], ['/ui/page.js', { origin: 'https://other.example' }], ['/other.js', {}],
  ]) assert.equal(worker.ask(path, how), undefined, path);
});

test('two pages of one origin keep their versions apart', async () => {
  const caches = new Caches(served('one'));
  await start('/handheld/', 'held', caches, served('held'), pages).install();
  const worker = start('/', 'one', caches, served('one'), pages);
  await worker.install();
  await worker.activate();
  assert.deepEqual((await caches.keys()).sort(), ['railgate / one', 'railgate /handheld/ held']);
});

test('a file that the browser erased comes from the network', async () => {
  const caches = new Caches(served('one'));
  const worker = start('/', 'one', caches, served('one'), pages);
  await worker.install();
  await caches.delete('railgate / one');
  assert.equal((await worker.ask('/app.js')).from, 'network one');
});
