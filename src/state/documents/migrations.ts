/**
 * Schema versions of the documents, and how an older one becomes the present one. Old documents are migrated when
 * read and written in the new form at their next change.
 */
import { AgentError } from '../../kernel/errors.js';

type Raw = Record<string, unknown>;

export interface DocumentVersion {
  /** The version this daemon writes. */
  readonly current: number;
  /**
   * `from[n]` makes version n + 1 out of version n. It sees the file's plain JSON: secrets are still sealed and may
   * be moved within their document.
   */
  readonly from: Readonly<Record<number, (document: Raw) => Raw>>;
}

/**
 * To change a document's shape: count `current` up, add the step from the version before, and put a folder that a
 * program with the new shape has written into test/fixtures/state. Steps are never removed. Of version 1 there are
 * two forms, since fields were added before the versions were counted: its steps fill in only what is absent.
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
  logEpoch: { current: 1, from: {} },
} as const satisfies Record<string, DocumentVersion>;

/** The first release knew only how a site is made: nothing had happened to it yet but perhaps a suspension. */
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

/** Every service had a container and a site. */
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
 * Written by a newer release: reading it with this one could lose what that release added, so the daemon does not
 * start.
 */
export class NewerDocumentError extends Error {
  override readonly name = 'NewerDocumentError';
}

function isRaw(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Throws NewerDocumentError, or an Error that says what is wrong with the document. */
export function migrate(value: unknown, version: DocumentVersion): Raw {
  if (!isRaw(value)) throw new Error('it is not a JSON object');
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
    if (!step) throw new Error(`there is no way from schema version ${n} to ${n + 1}`);
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
