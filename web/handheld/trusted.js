/**
 * The addresses of the handheld's workers.
 * @module
 */

import { scripts } from '../ui/trusted.js';

export const scriptURL = scripts(['/handheld/reader.js', '/handheld/sw.js']);
