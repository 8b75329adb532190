/**
 * One try to get a certificate for one domain: first whether it can succeed at all (DNS, CAA, limits, our own proxy),
 * then the order.
 */
import { neverAborted } from '../kernel/async/never.js';
import { namesOf } from '../model/domain-name.js';
import { allowedFrom, type CustomDomainRecord, type HeldCertificate } from '../model/custom-domain.js';
import type { CustomDomain } from '../model/site.js';
import { markOf, type Service } from '../model/service.js';
import { plainCall } from '../drivers/shared/call.js';
import { caaProblem } from '../domains/caa.js';
import { pointsHere } from '../domains/points-here.js';
import { renewFrom } from './due.js';
import type { CertificateDeps } from './parts.js';

export type Obtained =
  /** `complete`: for every name of the entry. */
  | { readonly kind: 'issued'; readonly certificate: HeldCertificate; readonly complete: boolean }
  /** What it has is good for every name that leads here, and young enough. */
  | { readonly kind: 'kept'; readonly complete: boolean }
  /** Something outside must change first; `problem` tells the customer. */
  | { readonly kind: 'wait'; readonly problem: string; readonly until?: number }
  /** The proxy does not serve the names yet: the service's own job is at it. */
  | { readonly kind: 'unrouted' };

/** Throws `lookup_failed`, `certificate_refused`, `certificate_unreachable`, `proxy_*`, `aborted`. */
export async function obtain(
  deps: CertificateDeps,
  record: CustomDomainRecord,
  service: Service,
  entry: CustomDomain,
  signal: AbortSignal,
): Promise<Obtained> {
  const { drivers, domains, clock, config } = deps;
  const wanted = namesOf(entry);
  const routings = await Promise.all(
    wanted.map((name) => pointsHere(drivers, name, wanted, service.order.publicIps, { signal })),
  );
  const names = wanted.filter((_, n) => routings[n]?.here);
  const [first] = routings;
  if (names.length === 0) {
    const problem = `${entry.domain} leads to ${first?.found ?? 'nothing'}; it must lead to ${first?.expected ?? 'us'}.`;
    return { kind: 'wait', problem };
  }
  const complete = names.length === wanted.length;
  const { certificate: held } = record;
  if (held && names.every((name) => held.names.includes(name)) && clock.now() < renewFrom(held))
    return { kind: 'kept', complete };
  const forbidden = await caaProblem(drivers.lookup, drivers.issuer.caaIdentities, names, { signal });
  if (forbidden !== undefined) return { kind: 'wait', problem: forbidden };
  const { acme } = config.domains;
  const limits = {
    perDomainWeek: acme.certificates_per_domain_week,
    perSetWeek: acme.certificates_per_set_week,
    refusalsPerHour: acme.refusals_per_name_hour,
  };
  const from = allowedFrom(record, names, domains.list(), limits, clock.now());
  if (from > clock.now()) {
    const at = new Date(from).toISOString().slice(0, 16).replace('T', ' ');
    const problem = `So many certificates were ordered for ${record.registered} that the next one has to wait until ${at} UTC.`;
    return { kind: 'wait', problem, until: from };
  }
  // Ordered before the route stands, the authority would come in vain, and only try again much later.
  const host = await drivers.proxy.find(markOf(config.agent.id, service), plainCall(signal));
  if (!host || names.some((name) => !host.names.includes(name))) return { kind: 'unrouted' };
  const challenges = {
    put: (token: string, content: string) => drivers.proxy.ensureChallenge(token, content, plainCall(signal)),
    // also when we are being stopped
    remove: (token: string) => drivers.proxy.removeChallenge(token, plainCall(neverAborted())),
  };
  const issued = await drivers.issuer.issue(names, challenges, { signal });
  return {
    kind: 'issued',
    certificate: { names, ...issued },
    complete,
  };
}
