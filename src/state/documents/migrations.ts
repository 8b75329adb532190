/**
 * Schema versions of the documents, and the migrations between them. Old documents are migrated when read, and
 * written in the new form at their next change.
 */
import { AgentError } from '../../kernel/errors.js';
import { isFields } from '../../kernel/is-fields.js';

type Raw = Record<string, unknown>;

export interface DocumentVersion {
  /** The version this daemon writes. */
  readonly current: number;
  /**
   * `from[n]` converts version n to version n + 1. It gets the plain JSON of the file. At this point, secrets are still
   * encrypted. A migration may move a secret within its document.
   */
  readonly from: Readonly<Record<number, (document: Raw) => Raw>>;
}

/**
 * To change a document's shape: increase `current`, add the step from the previous version, and add a folder written by
 * a program with the new shape to test/fixtures/state. Steps are never removed. Version 1 has two forms, because fields
 * were added before versions were counted. The steps from version 1 therefore fill in only absent fields.
 */
export const VERSIONS = {
  service: { current: 3, from: { 1: withLaterLife, 2: withParts } },
  token: { current: 2, from: { 1: (token: Raw) => ({ former: [], ...token }) } },
  domain: { current: 1, from: {} },
  acmeAccount: { current: 1, from: {} },
  zone: { current: 1, from: {} },
  remembered: { current: 1, from: {} },
  alert: { current: 1, from: {} },
  reservation: { current: 1, from: {} },
  plan: { current: 1, from: {} },
  task: { current: 1, from: {} },
  instance: { current: 1, from: {} },
  server: { current: 1, from: {} },
  moduleWork: { current: 1, from: {} },
  module: { current: 1, from: {} },
  logEpoch: { current: 1, from: {} },
} as const satisfies Record<string, DocumentVersion>;

/**
 * Adds the fields for features that the first release did not have. Default values are correct, because the first
 * release could only create and suspend sites.
 */
function withLaterLife(service: Raw): Raw {
  return {
    lastBackup: null,
    suspendedFor: service['lifecycle'] === 'suspended' ? ['billing'] : [],
    deletion: null,
    domains: [],
    primaryDomain: service['fqdn'],
    proxyEnabled: true,
    ...service,
  };
}

/** Adds the parts `guest` and `site`, because every service of the older releases had a container and a site. */
function withParts(service: Raw): Raw {
  const only = (isWanted: (name: string) => boolean): Raw =>
    Object.fromEntries(Object.entries(service).filter(([name]) => isWanted(name)));
  return {
    ...only((name) => !OF_GUEST.includes(name) && !OF_SITE.includes(name)),
    guest: only((name) => OF_GUEST.includes(name)),
    site: only((name) => OF_SITE.includes(name)),
  };
}

const OF_GUEST: readonly string[] = ['addresses', 'vmid', 'node', 'snapshots', 'lastBackup', 'power'];
const OF_SITE: readonly string[] = [
  'subdomain',
  'fqdn',
  'domains',
  'domainWish',
  'primaryDomain',
  'proxyEnabled',
];

/**
 * The document was written by a newer release. The daemon then does not start, because it could lose data that the
 * newer release has added.
 */
export class NewerDocumentError extends Error {
  override readonly name = 'NewerDocumentError';
}

/** Throws NewerDocumentError, or an Error that says what is wrong with the document. */
export function migrate(value: unknown, version: DocumentVersion): Raw {
  if (!isFields(value)) throw new Error('it is not a JSON object');
  const found = value['schema'];
  if (typeof found !== 'number' || !Number.isInteger(found) || found < 1)
    throw new Error('it has no schema version');
  if (found > version.current)
    throw new NewerDocumentError(
      `schema version ${found}, and this release understands versions up to ${version.current}`,
    );
  let document = value;
  for (let n = found; n < version.current; n += 1) {
    const step = version.from[n];
    if (!step) throw new Error(`there is no migration from schema version ${n} to ${n + 1}`);
    document = { ...step(document), schema: n + 1 };
  }
  return document;
}

export function downgradeRefused(file: string, error: NewerDocumentError): AgentError {
  return new AgentError('state_unavailable', 'The state was written by a newer release of Innkeeper.', {
    role: 'agent',
    retryable: false,
    detail: `${file} has ${error.message}. Install the newer release again, or restore a backup of the state folder from before the upgrade.`,
  });
}
