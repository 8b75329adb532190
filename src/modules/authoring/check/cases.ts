/** How each kind of job is run by the conformance suite: what happened before, and its input. */
import type { JsonObject } from '../../../kernel/json.js';
import type { JobKind } from '../../../model/job-kinds.js';

export interface Case {
  /** The jobs after `create` that bring the service into the right state. */
  readonly before?: readonly (readonly [kind: JobKind, args: JsonObject])[];
  readonly args?: JsonObject;
  readonly suspended?: true;
}

const HELD = { hold_s: 3600 };
const BACKUP = { name: 'backup-1', description: 'A backup' };
const REASON = { reason: 'billing' };
const DOMAIN = { domain: 'www.example.com', names: ['www.example.com'] };
const DELETED: Case['before'] = [['delete', HELD]];
const BACKED_UP: Case['before'] = [['makeBackup', BACKUP]];

export const CASES: Readonly<Record<JobKind, Case>> = {
  create: {},
  restore: { before: DELETED },
  delete: {},
  forget: {},
  purge: { before: DELETED },
  suspend: { args: REASON },
  unsuspend: { before: [['suspend', REASON]], args: REASON, suspended: true },
  upgrade: {},
  repair: { args: { parts: ['resources', 'power', 'ha', 'dns', 'proxy'] } },
  setEmail: {},
  start: { before: [['stop', {}]] },
  stop: {},
  restart: {},
  makeBackup: { args: BACKUP },
  removeBackup: { before: BACKED_UP, args: BACKUP },
  rollback: { before: BACKED_UP, args: BACKUP },
  reset: {},
  addDomain: { args: DOMAIN },
  removeDomain: { args: DOMAIN },
  setPrimary: { args: DOMAIN },
  toggle: {},
  certificate: {},
  resetPassword: {},
  loginLink: { args: { link: 'abcdef0123456789', sha256: '0'.repeat(64) } },
};
