/**
 * Serves web/ with the layout of the issuer and of a station's proxy.
 * @module
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const web = fileURLToPath(new URL('../../', import.meta.url));
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml', '.png': 'image/png', '.webmanifest': 'application/manifest+json', '.json': 'application/json' };
const csp = (wasm) => `default-src 'none'; script-src 'self'${wasm ? " 'wasm-unsafe-eval'" : ''}; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; ` +
  "connect-src 'self'; manifest-src 'self'; worker-src 'self'; font-src 'none'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
  "require-trusted-types-for 'script'; trusted-types lit-html railgate";

/** Returns the files that a page imports, with itself. */
function closure(face) {
  const start = face === 'passenger' ? '/' : `/${face}/`;
  const found = new Set([start]);
  const visit = (path) => {
    if (found.has(path) || !existsSync(join(web, path)) || !statSync(join(web, path)).isFile()) return;
    found.add(path);
    const text = readFileSync(join(web, path), 'utf8');
    for (const [, to] of text.matchAll(/(?:from|import)\s*\(?['"](\.[^'"]+)['"]/g)) visit(join(dirname(path), to));
    for (const [, to] of text.matchAll(/(?:src|href)"?\s*[=:]\s*"(\/[^"]+)"/g)) visit(to);
  };
  const page = join(web, face, 'index.html');
  if (existsSync(page)) for (const [, to] of readFileSync(page, 'utf8').matchAll(/(?:src|href)="(\/[^"]+)"/g)) visit(to);
  const files = [...found];
  const hash = createHash('sha256');
  for (const file of files) if (!file.endsWith('/')) hash.update(readFileSync(join(web, file)));
  return `self.VERSION = '${hash.digest('hex').slice(0, 16)}'; self.FILES = ${JSON.stringify(files)};`;
}

/**
 * @param {'issuer' | 'gateway'} kind
 * @param {string} behind URL of the server of /v1
 */
export async function serve(kind, behind) {
  const server = createServer(async (request, answer) => {
    const { pathname, search } = new URL(request.url ?? '/', 'http://x');
    if (pathname.startsWith('/v1/')) {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      const { host: _, connection: __, ...headers } = request.headers;
      try {
        const got = await fetch(behind + pathname + search, { method: request.method, headers, body: chunks.length > 0 ? Buffer.concat(chunks) : undefined });
        const kept = Object.fromEntries([...got.headers].filter(([name]) => !['content-length', 'transfer-encoding', 'connection', 'content-encoding'].includes(name)));
        answer.writeHead(got.status, kept).end(Buffer.from(await got.arrayBuffer()));
      } catch {
        answer.writeHead(502).end();
      }
      return;
    }
    const faces = kind === 'issuer' ? ['passenger', 'desk'] : ['handheld'];
    const path = pathname === '/' && kind === 'issuer' ? '/passenger/index.html' : pathname.endsWith('/') ? `${pathname}index.html` : pathname;
    const [, first] = path.split('/');
    const wasm = first === 'desk' || first === 'handheld';
    const headers = { 'Content-Security-Policy': csp(wasm), 'Cache-Control': 'no-cache', 'Service-Worker-Allowed': '/', 'X-Content-Type-Options': 'nosniff' };
    if (path.endsWith('/files.js')) {
      answer.writeHead(200, { ...headers, 'Content-Type': TYPES['.js'] }).end(closure(first));
      return;
    }
    const file = join(web, path);
    const allowed = [...faces, 'ui', 'railgate', 'npm'].includes(first);
    if (!allowed || !file.startsWith(web) || !existsSync(file) || !statSync(file).isFile()) {
      answer.writeHead(404).end();
      return;
    }
    answer.writeHead(200, { ...headers, 'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream' }).end(readFileSync(file));
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', () => resolve(undefined)); });
  return {
    url: `http://127.0.0.1:${/** @type {any} */ (server.address()).port}`,
    close: () => new Promise((resolve) => { server.closeAllConnections(); server.close(() => resolve(undefined)); }),
  };
}
