/**
 * Keeps the records of custom domains in sync with their services, and writes the state of the certificates into the
 * services.
 */
import { instant } from '../kernel/clock.js';
import { namesOf, registeredOf, slotOfName } from '../model/domain-name.js';
import { domainId, type CustomDomainRecord, forgetOld } from '../model/custom-domain.js';
import { keyOf, type Service, type ServiceKey, withSite } from '../model/service.js';
import { type CustomDomain, domainsOf } from '../model/site.js';
import type { CertificateDeps } from './parts.js';

export type CertificateView = CustomDomain['certificate'];

/** The slots that the service serves now. */
export function slotsOf(service: Service | undefined): string[] {
  if (!service || service.lifecycle === 'terminated') return [];
  return domainsOf(service).map(({ domain }) => slotOfName(domain));
}

export function entryOf(service: Service | undefined, slot: string): CustomDomain | undefined {
  if (!service || service.lifecycle === 'terminated') return undefined;
  return domainsOf(service).find(({ domain }) => slotOfName(domain) === slot);
}

/** Records that the service has this domain, and whether it is served. */
export async function adopt(
  { clock, domains }: CertificateDeps,
  service: Service,
  slot: string,
): Promise<void> {
  const id = domainId(slot);
  const key = keyOf(service);
  const off = entryOf(service, slot)?.stray?.off === true;
  await domains.commit(id, (current) => {
    if (current?.service === key && current.quarantineUntil === null) {
      if ((current.off === true) === off) return current;
      return { ...current, off, failures: 0, nextAt: null, problem: null };
    }
    return {
      schema: 1,
      id,
      domain: slot,
      registered: registeredOf(slot),
      owner: { panel: service.panel, userId: service.userId, email: service.email },
      service: key,
      quarantineUntil: null,
      // if the domain belonged to another service before, the new service does not get that service's certificate and
      // private key
      certificate: current?.service === key ? current.certificate : null,
      issued: current?.issued ?? [],
      refusals: current?.refusals ?? [],
      failures: 0,
      nextAt: null,
      problem: null,
      checkedAt: instant(clock),
      off,
    };
  });
}

/** Makes the record of a domain due at once if the domain's slot has a new name that its certificate does not cover. */
export async function askAgain({ domains }: CertificateDeps, service: Service, slot: string): Promise<void> {
  const entry = entryOf(service, slot);
  const known = domains.find(domainId(slot));
  const names = entry ? namesOf(entry) : [];
  if (!known?.certificate || known.nextAt !== null) return;
  const held = known.certificate.names;
  if (names.every((name) => held.includes(name))) return;
  await domains.commit(known.id, (current) => ({
    ...(current ?? known),
    nextAt: known.certificate?.issuedAt ?? null,
  }));
}

/**
 * Records that no service has this domain any more. The domain stays reserved for a while. When the record is next
 * processed, the certificate is removed.
 */
export async function release({ domains, clock, config }: CertificateDeps, id: string): Promise<void> {
  const known = domains.find(id);
  if (!known || known.service === null) return;
  const until = new Date(clock.now() + config.domains.quarantine_s * 1000).toISOString();
  await domains.commit(id, (current) => ({
    ...(current ?? known),
    service: null,
    quarantineUntil: until,
    failures: 0,
    nextAt: null,
    problem: null,
  }));
}

export function changeRecord(
  { domains, clock }: CertificateDeps,
  record: CustomDomainRecord,
  change: Partial<CustomDomainRecord>,
): Promise<CustomDomainRecord> {
  return domains.commit(record.id, (current = record) => {
    if (current.service === record.service) return withoutOld({ ...current, ...change }, clock);
    // the domain was assigned to another service in the meantime: the result does not apply to that service, but a
    // certificate that was issued is still recorded, because the authority's limits include it
    return change.issued ? withoutOld({ ...current, issued: change.issued }, clock) : current;
  });
}

/**
 * Drops recorded times that are too old to matter for the authority's limits. Drops nothing while the clock is not
 * trusted.
 */
function withoutOld(record: CustomDomainRecord, clock: CertificateDeps['clock']): CustomDomainRecord {
  return clock.trusted() ? forgetOld(record, clock.now()) : record;
}

/** Updates the certificate state that the customer sees. Writes nothing if the state did not change. */
export async function changeService(
  { services }: CertificateDeps,
  key: ServiceKey,
  slot: string,
  view: CertificateView,
): Promise<void> {
  await services.commit(key, (service) => {
    if (!service) throw new Error(`${key} does not exist`);
    const entry = entryOf(service, slot);
    const { certificate: seen } = entry ?? {};
    const same =
      seen?.state === view.state &&
      seen.expiresAt === view.expiresAt &&
      seen.problem === view.problem &&
      (seen.names ?? []).join() === (view.names ?? []).join();
    if (!entry || same) return service;
    const domains = domainsOf(service).map((other) =>
      other === entry ? { ...entry, certificate: view } : other,
    );
    return withSite(service, { domains });
  });
}
