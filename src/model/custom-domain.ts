/**
 * What is kept of a custom domain apart from its service: who used it last, its certificate, and what the certificate
 * authority was asked.
 */
import { createHash } from 'node:crypto';
import type { Secret } from '../kernel/secret.js';
import type { ServiceKey } from './service.js';

export interface HeldCertificate {
  /** Names it is good for. */
  readonly names: readonly string[];
  /** PEM, the server's own first. */
  readonly chain: string;
  readonly key: Secret;
  /** RFC 3339 */
  readonly issuedAt: string;
  readonly expiresAt: string;
}

export interface CustomDomainRecord {
  readonly schema: 1;
  readonly id: string;
  /** The slot: lower-case A-labels, an apex stands for its `www` too. */
  readonly domain: string;
  /** The registered name that it is, or is below. */
  readonly registered: string;
  /** Who has it, or had it last. */
  readonly owner: { readonly panel: string; readonly userId: string | null; readonly email: string };
  /** The service that serves it; null once it was taken away. */
  readonly service: ServiceKey | null;
  /** Until then nobody else gets it without proof in DNS (RFC 3339); null while it is served. */
  readonly quarantineUntil: string | null;
  readonly certificate: HeldCertificate | null;
  /** Instants at which a certificate was issued, for the authority's weekly limits. */
  readonly issued: readonly { readonly at: string; readonly names: readonly string[] }[];
  /** Instants at which the authority could not verify it. */
  readonly refusals: readonly string[];
  /** Failures in a row. */
  readonly failures: number;
  /** Not tried before (RFC 3339); null = at once. */
  readonly nextAt: string | null;
  /** A sentence for the customer, or null. */
  readonly problem: string | null;
  /** When it was last looked whether it still leads here (RFC 3339). */
  readonly checkedAt?: string;
  /** It leads elsewhere for too long: not served, and no certificate is held for it. */
  readonly off?: boolean;
}

/** Names are too long for file names. */
export function domainId(domain: string): string {
  return createHash('sha256').update(domain).digest('hex').slice(0, 40);
}

export interface AuthorityLimits {
  /** Certificates per registered domain in a week. */
  readonly perDomainWeek: number;
  /** Certificates for one exact set of names in a week. */
  readonly perSetWeek: number;
  /** Failed verifications per name in an hour. */
  readonly refusalsPerHour: number;
}

const HOUR_MS = 3_600_000;
const WEEK_MS = 7 * 24 * HOUR_MS;

/**
 * The earliest instant (epoch ms) at which the limits let a certificate for `names` be ordered; `now` when they do
 * already.
 */
export function allowedFrom(
  record: Pick<CustomDomainRecord, 'registered' | 'refusals'>,
  names: readonly string[],
  all: readonly CustomDomainRecord[],
  limits: AuthorityLimits,
  now: number,
): number {
  const issued = all
    .filter((other) => other.registered === record.registered)
    .flatMap((other) => other.issued);
  const set = [...names].sort().join();
  const same = issued.filter((one) => [...one.names].sort().join() === set);
  return Math.max(
    now,
    freeFrom(
      issued.map(({ at }) => at),
      limits.perDomainWeek,
      WEEK_MS,
      now,
    ),
    freeFrom(
      same.map(({ at }) => at),
      limits.perSetWeek,
      WEEK_MS,
      now,
    ),
    freeFrom(record.refusals, limits.refusalsPerHour, HOUR_MS, now),
  );
}

/** When fewer than `most` of these lie within the window. */
function freeFrom(instants: readonly string[], most: number, windowMs: number, now: number): number {
  const within = instants
    .map((at) => Date.parse(at))
    .filter((at) => at > now - windowMs)
    .sort((a, b) => a - b);
  const oldest = within[within.length - most];
  return within.length < most || oldest === undefined ? now : oldest + windowMs;
}

/** Without what no limit looks at any more. */
export function forgetOld(record: CustomDomainRecord, now: number): CustomDomainRecord {
  return {
    ...record,
    issued: record.issued.filter(({ at }) => Date.parse(at) > now - WEEK_MS),
    refusals: record.refusals.filter((at) => Date.parse(at) > now - HOUR_MS),
  };
}

const MINUTE_MS = 60_000;
const LONGEST_PAUSE_MS = 12 * HOUR_MS;

/** Milliseconds before the next try after so many failures in a row: one minute, doubling. */
export function pauseAfter(failures: number): number {
  return Math.min(LONGEST_PAUSE_MS, MINUTE_MS * 2 ** Math.min(20, Math.max(0, failures - 1)));
}
