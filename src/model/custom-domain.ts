/**
 * The record of a custom domain, stored separately from its service: its last owner, its certificate, and the orders
 * sent to the certificate authority.
 */
import { createHash } from 'node:crypto';
import type { Secret } from '../kernel/secret.js';
import type { ServiceKey } from './service.js';

export interface HeldCertificate {
  /** The names that the certificate covers. */
  readonly names: readonly string[];
  /** PEM text that begins with the server's own certificate. */
  readonly chain: string;
  readonly key: Secret;
  /** RFC 3339 */
  readonly issuedAt: string;
  readonly expiresAt: string;
}

export interface CustomDomainRecord {
  readonly schema: 1;
  readonly id: string;
  /** The domain's slot in lower-case A-labels. The slot of an apex includes its `www`. */
  readonly domain: string;
  /** The registered domain: this domain itself, or the one that contains it. */
  readonly registered: string;
  /** The present owner of the domain, or the last one. */
  readonly owner: { readonly panel: string; readonly userId: string | null; readonly email: string };
  /** The service that serves the domain; null after the domain was removed from its service. */
  readonly service: ServiceKey | null;
  /**
   * Until this time (RFC 3339) other customers need proof in DNS to add the domain; null while the domain is served.
   */
  readonly quarantineUntil: string | null;
  readonly certificate: HeldCertificate | null;
  /** The times at which certificates were issued. They are needed because the authority has weekly limits. */
  readonly issued: readonly { readonly at: string; readonly names: readonly string[] }[];
  /** Times at which the certificate authority could not validate the domain (RFC 3339). */
  readonly refusals: readonly string[];
  /** Number of consecutive failed tries to obtain a certificate. */
  readonly failures: number;
  /** The certificate is not ordered again before this time (RFC 3339); null: it may be ordered at once. */
  readonly nextAt: string | null;
  /** The domain's present problem as a sentence for the customer, or null. */
  readonly problem: string | null;
  /** When the agent last checked whether the domain still points here (RFC 3339). */
  readonly checkedAt?: string;
  /** True when the domain has pointed elsewhere for too long. The domain is then not served and has no certificate. */
  readonly off?: boolean;
}

/** The id is a hash, because domain names can be too long for file names. */
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
 * The earliest instant (epoch ms) at which the limits allow an order of a certificate for `names`; `now` if they
 * already allow it.
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

/** The first time (epoch ms) at which fewer than `most` of these instants lie within the window. */
function freeFrom(instants: readonly string[], most: number, windowMs: number, now: number): number {
  const within = instants
    .map((at) => Date.parse(at))
    .filter((at) => at > now - windowMs)
    .sort((a, b) => a - b);
  const oldest = within[within.length - most];
  return within.length < most || oldest === undefined ? now : oldest + windowMs;
}

/** The record without the instants that are so old that no limit counts them any more. */
export function forgetOld(record: CustomDomainRecord, now: number): CustomDomainRecord {
  return {
    ...record,
    issued: record.issued.filter(({ at }) => Date.parse(at) > now - WEEK_MS),
    refusals: record.refusals.filter((at) => Date.parse(at) > now - HOUR_MS),
  };
}

const MINUTE_MS = 60_000;
const LONGEST_PAUSE_MS = 12 * HOUR_MS;

/**
 * Milliseconds until the next try after this many failures in a row. The pause starts at one minute and doubles with
 * each failure, up to 12 hours.
 */
export function pauseAfter(failures: number): number {
  return Math.min(LONGEST_PAUSE_MS, MINUTE_MS * 2 ** Math.min(20, Math.max(0, failures - 1)));
}
