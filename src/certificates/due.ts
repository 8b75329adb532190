/** When a custom domain's record needs work: pure rules. */
import { type Clock, waitUntil } from '../kernel/clock.js';
import type { CustomDomainRecord, HeldCertificate } from '../model/custom-domain.js';

const WEEK_MS = 7 * 86_400_000;
/** No record waits longer: what it waits for is looked at again at least daily. */
export const LONGEST_WAIT_MS = 86_400_000;

/** Epoch ms; undefined: nothing is ever to be done as things stand. `issuing`: an authority is configured. */
export function dueAt(
  record: CustomDomainRecord,
  issuing: boolean,
  clock: Pick<Clock, 'now' | 'trusted'>,
): number | undefined {
  const { certificate, nextAt } = record;
  // forgotten, the quarantine of the name is over
  if (record.service === null && !certificate) return clock.trusted() ? forgettableFrom(record) : undefined;
  // once switched off, a certificate is only to be taken away
  if (record.service !== null && (record.off === true ? !certificate : !issuing)) return undefined;
  if (nextAt !== null) return waitUntil(Date.parse(nextAt), clock.now(), LONGEST_WAIT_MS);
  return record.service !== null && record.off !== true && certificate ? renewFrom(certificate) : 0;
}

/** Quarantine over, and no limit of the authority looks at it any more. */
function forgettableFrom(record: CustomDomainRecord): number {
  const last = record.issued.map(({ at }) => Date.parse(at) + WEEK_MS);
  const quarantine = record.quarantineUntil === null ? 0 : Date.parse(record.quarantineUntil);
  return Math.max(quarantine, ...last);
}

/** Two thirds of the lifetime (epoch ms). */
export function renewFrom(certificate: Pick<HeldCertificate, 'issuedAt' | 'expiresAt'>): number {
  const start = Date.parse(certificate.issuedAt);
  return start + ((Date.parse(certificate.expiresAt) - start) * 2) / 3;
}

const LAST_CALL_MS = 86_400_000;

/**
 * Until then (epoch ms) a renewal waits for a name that the certificate has and that cannot be judged: an outage of its
 * name servers at the wrong moment must not take it out of the certificate.
 */
export function lastCallOf(certificate: Pick<HeldCertificate, 'issuedAt' | 'expiresAt'>): number {
  const from = renewFrom(certificate);
  return from + Math.min(LAST_CALL_MS, (Date.parse(certificate.expiresAt) - from) / 2);
}
