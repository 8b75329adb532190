/** Pure rules that decide when a custom domain's record must be processed. */
import { type Clock, waitUntil } from '../kernel/clock.js';
import type { CustomDomainRecord, HeldCertificate } from '../model/custom-domain.js';

const WEEK_MS = 7 * 86_400_000;
/** The longest wait of a record, so that its condition is checked at least daily. */
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
  // while the clock is not trusted the record is kept, because forgetting it would end the quarantine of the name
  if (record.service === null && !certificate) return clock.trusted() ? forgettableFrom(record) : undefined;
  // for a disabled domain, the only work is to remove its certificate
  if (record.service !== null && (record.off === true ? !certificate : !issuing)) return undefined;
  if (nextAt !== null) return waitUntil(Date.parse(nextAt), clock.now(), LONGEST_WAIT_MS);
  return record.service !== null && record.off !== true && certificate ? renewFrom(certificate) : 0;
}

/**
 * When the record can be forgotten: the quarantine has ended, and no limit of the authority counts the record any more.
 */
function forgettableFrom(record: CustomDomainRecord): number {
  const last = record.issued.map(({ at }) => Date.parse(at) + WEEK_MS);
  const quarantine = record.quarantineUntil === null ? 0 : Date.parse(record.quarantineUntil);
  return Math.max(quarantine, ...last);
}

/** When a certificate is renewed: after two thirds of its lifetime (epoch ms). */
export function renewFrom(certificate: Pick<HeldCertificate, 'issuedAt' | 'expiresAt'>): number {
  const start = Date.parse(certificate.issuedAt);
  return start + ((Date.parse(certificate.expiresAt) - start) * 2) / 3;
}

const LAST_CALL_MS = 86_400_000;

/**
 * If a covered name cannot be checked, the renewal waits for it until this time (epoch ms), because a short outage of
 * the name servers must not drop the name from the certificate.
 */
export function lastCallOf(certificate: Pick<HeldCertificate, 'issuedAt' | 'expiresAt'>): number {
  const from = renewFrom(certificate);
  return from + Math.min(LAST_CALL_MS, (Date.parse(certificate.expiresAt) - from) / 2);
}
