/** When a custom domain's record has to be processed: pure rules. */
import { type Clock, waitUntil } from '../kernel/clock.js';
import type { CustomDomainRecord, HeldCertificate } from '../model/custom-domain.js';

const WEEK_MS = 7 * 86_400_000;
/** No record waits longer: its condition is checked again at least daily. */
export const LONGEST_WAIT_MS = 86_400_000;

/** Epoch ms; undefined: nothing has to be done in the present state. `issuing`: an authority is configured. */
export function dueAt(
  record: CustomDomainRecord,
  issuing: boolean,
  clock: Pick<Clock, 'now' | 'trusted'>,
): number | undefined {
  const { certificate, nextAt } = record;
  // forgetting the record would end the quarantine of the name
  if (record.service === null && !certificate) return clock.trusted() ? forgettableFrom(record) : undefined;
  // for a disabled domain, the only work is to remove its certificate
  if (record.service !== null && (record.off === true ? !certificate : !issuing)) return undefined;
  if (nextAt !== null) return waitUntil(Date.parse(nextAt), clock.now(), LONGEST_WAIT_MS);
  return record.service !== null && record.off !== true && certificate ? renewFrom(certificate) : 0;
}

/** When the quarantine has ended and no limit of the authority counts the record any more. */
function forgettableFrom(record: CustomDomainRecord): number {
  const last = record.issued.map(({ at }) => Date.parse(at) + WEEK_MS);
  const quarantine = record.quarantineUntil === null ? 0 : Date.parse(record.quarantineUntil);
  return Math.max(quarantine, ...last);
}

/** When two thirds of the lifetime have passed (epoch ms). */
export function renewFrom(certificate: Pick<HeldCertificate, 'issuedAt' | 'expiresAt'>): number {
  const start = Date.parse(certificate.issuedAt);
  return start + ((Date.parse(certificate.expiresAt) - start) * 2) / 3;
}

const LAST_CALL_MS = 86_400_000;

/**
 * Until then (epoch ms) a renewal waits for a covered name that cannot be checked: a short outage of its name servers
 * must not drop it from the certificate.
 */
export function lastCallOf(certificate: Pick<HeldCertificate, 'issuedAt' | 'expiresAt'>): number {
  const from = renewFrom(certificate);
  return from + Math.min(LAST_CALL_MS, (Date.parse(certificate.expiresAt) - from) / 2);
}
