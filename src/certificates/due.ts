/** When a custom domain's record needs work: pure rules. */
import { type DomainRecord, renewFrom } from '../domain/domain-record.js';

const WEEK_MS = 7 * 86_400_000;

/** Epoch ms; undefined: nothing is ever to be done as things stand. `issuing`: an authority is configured. */
export function dueAt(record: DomainRecord, issuing: boolean): number | undefined {
  const { certificate, nextAt } = record;
  if (record.service === null && !certificate) return forgettableFrom(record);
  // once switched off, a certificate is only to be taken away
  if (record.service !== null && (record.off === true ? !certificate : !issuing)) return undefined;
  if (nextAt !== null) return Date.parse(nextAt);
  return record.service !== null && record.off !== true && certificate ? renewFrom(certificate) : 0;
}

/** Quarantine over, and no limit of the authority looks at it any more. */
function forgettableFrom(record: DomainRecord): number {
  const last = record.issued.map(({ at }) => Date.parse(at) + WEEK_MS);
  const quarantine = record.quarantineUntil === null ? 0 : Date.parse(record.quarantineUntil);
  return Math.max(quarantine, ...last);
}
