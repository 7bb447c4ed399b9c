/**
 * The views of police desks, operators and the national authority.
 * @module
 */

import { amnestyView } from './amnesty.js';
import { auditView } from './audit.js';
import { chainView } from './chain.js';
import { credentialView } from './credential.js';
import { foreignView } from './foreign.js';
import { keysView } from './keys.js';
import { paperView } from './paper.js';
import { streamsView } from './streams.js';
import { bulkView } from './unrevoke.js';

/** @type {import('../shell.js').DeskView[]} */
export const views = [credentialView, paperView, bulkView, amnestyView, foreignView, streamsView, keysView, auditView, chainView];
