/**
 * The views of station windows and agencies.
 * @module
 */

import { identifyView } from './identify.js';
import { serviceView } from './service.js';
import { t } from './texts.js';
import { verifyView } from './verify.js';
import { correctView } from './correct.js';
import { duplicateView } from './duplicate.js';

const group = () => t('group');

/** @type {import('../shell.js').DeskView[]} */
export const views = [
  { id: 'identify', title: () => t('identify'), about: () => t('identifyAbout'), group, operations: ['identify'], roles: ['window', 'agency', 'police'], view: identifyView, personal: true },
  { id: 'service', title: () => t('service'), about: () => t('serviceAbout'), group, operations: ['exchange_ticket', 'change_ticket', 'refund_ticket'], roles: ['window', 'agency'], view: serviceView, personal: true },
  { id: 'verify', title: () => t('verify'), about: () => t('verifyAbout'), group, operations: ['verify_resident'], roles: ['window', 'agency'], view: verifyView, personal: true },
  { id: 'correct', title: () => t('correct'), about: () => t('correctAbout'), group, operations: ['correct_identity'], roles: ['window'], view: correctView, personal: true },
  { id: 'duplicate', title: () => t('duplicate'), about: () => t('duplicateAbout'), group, operations: ['resolve_duplicate'], roles: ['window'], view: duplicateView, personal: true },
];
