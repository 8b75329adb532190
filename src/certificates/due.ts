/** Pure rules that decide when a custom domain's record must be processed. */
import { type Clock, waitUntil } from '../kernel/clock.js';
import type { CustomDomainRecord, HeldCertificate } from '../model/custom-domain.js';

const WEEK_MS = 7 * 86_400_000;
/** The longest wait before a record is processed again, so that every problem is checked at least once a day. */
export const LONGEST_WAIT_MS = 86_400_000;

/**
 * When the record is due (epoch ms); undefined if nothing has to be done in its present state. `issuing` is true if a
 * certificate authority is configured.
 */
export function dueAt(
  record: CustomDomainRecord,
  issuing: boolean,
  clock: Pick<Clock, 'now' | 'trusted'>,
): number | undefined {
  const { certificate, nextAt } = record;
  // the record is kept while the clock is not trusted, because removing the record would end the quarantine of the name
  if (record.service === null && !certificate) return clock.trusted() ? forgettableFrom(record) : undefined;
  // for a disabled domain, the only work is to remove its certificate
  if (record.service !== null && (record.off === true ? !certificate : !issuing)) return undefined;
  if (nextAt !== null) return waitUntil(Date.parse(nextAt), clock.now(), LONGEST_WAIT_MS);
  return record.service !== null && record.off !== true && certificate ? renewFrom(certificate) : 0;
}

/**
 * The time (epoch ms) from which the record can be removed. From then on, the quarantine has ended, and the record no
 * longer matters for any limit of the authority.
 */
function forgettableFrom(record: CustomDomainRecord): number {
  const last = record.issued.map(({ at }) => Date.parse(at) + WEEK_MS);
  const quarantine = record.quarantineUntil === null ? 0 : Date.parse(record.quarantineUntil);
  return Math.max(quarantine, ...last);
}

/** The time (epoch ms) from which a certificate is renewed. This is after two thirds of its lifetime. */
export function renewFrom(certificate: Pick<HeldCertificate, 'issuedAt' | 'expiresAt'>): number {
  const start = Date.parse(certificate.issuedAt);
  return start + ((Date.parse(certificate.expiresAt) - start) * 2) / 3;
}

const LAST_CALL_MS = 86_400_000;

/**
 * If one of the certificate's names cannot be checked, the renewal waits until this time (epoch ms) before it leaves
 * out the name. A short outage of the name servers must not remove a name from the certificate.
 */
export function lastCallOf(certificate: Pick<HeldCertificate, 'issuedAt' | 'expiresAt'>): number {
  const from = renewFrom(certificate);
  return from + Math.min(LAST_CALL_MS, (Date.parse(certificate.expiresAt) - from) / 2);
}
