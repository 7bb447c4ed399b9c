/**
 * Packages from npm that only the tests use. They are installed by .ci/web outside the tree, so they are found from there.
 * @module
 */
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const folder = join(process.env.RAILGATE_TOOLS ?? join(homedir(), '.cache/railgate/tools'), 'web');
const require = createRequire(join(folder, 'package.json'));

/** Loads a CommonJS package. */
export const load = (name) => require(name);

/** Returns the path of a file in a package. */
export const pathOf = (name) => require.resolve(name);

/** Imports an ES module of a package by its path in node_modules. */
export const importFrom = (path) => import(pathToFileURL(join(folder, 'node_modules', path)).href);
