/**
 * Maps the subfolders of the state folder to kinds of documents, for code that reads the files without opening the
 * stores.
 */
import { alertKind } from './alert-document.js';
import { acmeAccountKind } from './acme-account-document.js';
import type { DocumentKind } from './document.js';
import { domainKind } from './domain-document.js';
import { instanceKind } from './instance-document.js';
import { EPOCHS_FOLDER, logEpochKind } from './log-epoch-document.js';
import { moduleWorkKind } from './module-work-document.js';
import { MODULE_RECORDS_FOLDER, moduleKind } from './module-document.js';
import { planKind } from './plan-document.js';
import { rememberedKind } from './remembered-document.js';
import { reservationKind } from './reservation-document.js';
import { serverKind } from './server-document.js';
import { taskKind } from './task-document.js';
import { tokenKind } from './token-document.js';
import { zoneKind } from './zone-document.js';

/**
 * The kinds whose documents are files `<folder>/<id>.json`. Services are not included, because their files have a
 * different layout.
 */
export const KINDS: Readonly<Record<string, DocumentKind<{ readonly id: string }>>> = {
  alerts: alertKind,
  tokens: tokenKind,
  domains: domainKind,
  acme: acmeAccountKind,
  zones: zoneKind,
  remembered: rememberedKind,
  reservations: reservationKind,
  plans: planKind,
  tasks: taskKind,
  instances: instanceKind,
  servers: serverKind,
  'module-work': moduleWorkKind,
  [MODULE_RECORDS_FOLDER]: moduleKind,
  [EPOCHS_FOLDER]: logEpochKind,
};
