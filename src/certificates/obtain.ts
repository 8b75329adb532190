/**
 * One try to get a certificate for one domain: first whether it can succeed at all (DNS, CAA, limits, our own proxy),
 * then the order.
 */
import { neverAborted } from '../kernel/async/never.js';
import { AgentError } from '../kernel/errors.js';
import { namesOf } from '../model/domain-name.js';
import { allowedFrom, type CustomDomainRecord, type HeldCertificate } from '../model/custom-domain.js';
import type { CustomDomain } from '../model/site.js';
import { markOf, type Service } from '../model/service.js';
import { plainCall } from '../drivers/shared/call.js';
import { caaProblem } from '../domains/caa.js';
import { pointsHere } from '../domains/points-here.js';
import { lastCallOf, renewFrom } from './due.js';
import type { CertificateDeps } from './parts.js';

/** What names of the entry lack that are not in the certificate. */
export interface Missing {
  /** Sentences for the customer. */
  readonly problem: string;
  /** The authority has just refused one of them, which it must not be asked about often. */
  readonly isRefused: boolean;
}

export type Obtained =
  | { readonly kind: 'issued'; readonly certificate: HeldCertificate; readonly missing: Missing | null }
  /** What it has is good for every name that can have one now, and young enough. */
  | { readonly kind: 'kept'; readonly missing: Missing | null }
  /** Something outside must change first; `problem` tells the customer. */
  | { readonly kind: 'wait'; readonly problem: string; readonly until?: number }
  /** The proxy does not serve the names yet: the service's own job is at it. */
  | { readonly kind: 'unrouted' };

/**
 * Every name is judged by itself: what keeps one from a certificate does not keep the others from theirs.
 * Throws `lookup_failed`, `certificate_refused`, `certificate_unreachable`, `proxy_*`, `aborted`.
 */
export async function obtain(
  deps: CertificateDeps,
  record: CustomDomainRecord,
  service: Service,
  entry: CustomDomain,
  signal: AbortSignal,
): Promise<Obtained> {
  const { clock } = deps;
  const { certificate: held } = record;
  const routed = await judgeNames(namesOf(entry), (name) => routeProblem(deps, service, entry, name, signal));
  if (routed.good.length > 0 && isGood(record, routed.good, clock))
    return { kind: 'kept', missing: missingOf(routed.bad) };
  const { good, bad } = withBad(
    await judgeNames(routed.good, (name) => authorityProblem(deps, name, signal)),
    routed.bad,
  );
  if (good.length === 0) return nobody(bad);
  if (isGood(record, good, clock)) return { kind: 'kept', missing: missingOf(bad) };
  const lost = bad.filter(({ name }) => held?.names.includes(name));
  if (held && lost.some(({ error }) => error !== undefined) && clock.now() < lastCallOf(held))
    return { kind: 'wait', problem: missingOf(lost)?.problem ?? '' };
  return order(deps, { record, service, names: good, bad }, signal);
}

/** Whether the certificate that is held has these names, and need not be renewed yet. */
function isGood(
  { certificate: held }: CustomDomainRecord,
  names: readonly string[],
  clock: CertificateDeps['clock'],
): boolean {
  return held !== null && names.every((name) => held.names.includes(name)) && clock.now() < renewFrom(held);
}

interface BadName {
  readonly name: string;
  /** A sentence for the customer. */
  readonly problem: string;
  /** Set where the name could not be judged, which may pass. */
  readonly error?: AgentError;
  /** By the authority itself. */
  readonly isRefused?: boolean;
}

interface Judged {
  readonly good: readonly string[];
  readonly bad: readonly BadName[];
}

/** `problemOf`: a sentence, or undefined for a name that is fine. */
async function judgeNames(
  names: readonly string[],
  problemOf: (name: string) => Promise<string | undefined>,
): Promise<Judged> {
  const judged = await Promise.all(
    names.map(async (name): Promise<BadName | string> => {
      try {
        const problem = await problemOf(name);
        return problem === undefined ? name : { name, problem };
      } catch (error) {
        if (!(error instanceof AgentError) || error.code !== 'lookup_failed') throw error;
        return { name, problem: error.message, error };
      }
    }),
  );
  return {
    good: judged.filter((one) => typeof one === 'string'),
    bad: judged.filter((one) => typeof one !== 'string'),
  };
}

function withBad({ good, bad }: Judged, more: readonly BadName[]): Judged {
  return { good, bad: [...more, ...bad] };
}

async function routeProblem(
  { drivers }: CertificateDeps,
  service: Service,
  entry: CustomDomain,
  name: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { publicIps } = service.order;
  const { here, found, expected } = await pointsHere(drivers, name, namesOf(entry), publicIps, { signal });
  return here ? undefined : `${name} leads to ${found}; it must lead to ${expected}.`;
}

function authorityProblem(
  { drivers }: CertificateDeps,
  name: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  return caaProblem(drivers.lookup, drivers.issuer.caaIdentities, [name], { signal });
}

/** No name can have one. The problem of the first name is reported to the customer. */
function nobody(bad: readonly BadName[]): Obtained {
  const [first] = bad;
  if (first?.error && bad.every(({ error }) => error !== undefined)) throw first.error;
  return { kind: 'wait', problem: first?.problem ?? '' };
}

function missingOf(bad: readonly BadName[]): Missing | null {
  if (bad.length === 0) return null;
  const sentences = bad.map(({ name, problem }) => `${name} is not in the certificate: ${problem}`);
  return { problem: sentences.join(' '), isRefused: bad.some(({ isRefused }) => isRefused === true) };
}

interface Order {
  readonly record: CustomDomainRecord;
  readonly service: Service;
  readonly names: readonly string[];
  /** What is left out already. */
  readonly bad: readonly BadName[];
}

async function order(deps: CertificateDeps, asked: Order, signal: AbortSignal): Promise<Obtained> {
  const { drivers, config, clock } = deps;
  const { record, service, names, bad } = asked;
  const from = orderableFrom(deps, record, names);
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
  try {
    const issued = await drivers.issuer.issue(names, challenges, { signal });
    return { kind: 'issued', certificate: { names, ...issued }, missing: missingOf(bad) };
  } catch (error) {
    const rest = withoutRefused(deps, asked, error);
    if (!rest) throw error;
    if (isGood(record, rest.names, clock)) return { kind: 'kept', missing: missingOf(rest.bad) };
    return await order(deps, rest, signal);
  }
}

/** The order for the names that the authority had nothing against; undefined when there is none to be made now. */
function withoutRefused(
  { clock }: CertificateDeps,
  { record, service, names, bad }: Order,
  error: unknown,
): Order | undefined {
  if (!(error instanceof AgentError) || error.code !== 'certificate_refused') return undefined;
  const { fields = {} } = error;
  const refused = names.filter((name) => fields[name] !== undefined);
  const { certificate: held } = record;
  // a name that has a certificate still does not lose it by one refusal
  const isHeld = held !== null && refused.some((name) => held.names.includes(name));
  if (refused.length === 0 || refused.length === names.length) return undefined;
  if (isHeld && clock.now() < lastCallOf(held)) return undefined;
  const refusals = [...record.refusals, new Date(clock.now()).toISOString()];
  return {
    record: { ...record, refusals },
    service,
    names: names.filter((name) => !refused.includes(name)),
    bad: [...bad, ...refused.map((name) => ({ name, problem: fields[name] ?? '', isRefused: true }))],
  };
}

function orderableFrom(
  { config, domains, clock }: CertificateDeps,
  record: CustomDomainRecord,
  names: readonly string[],
): number {
  const { acme } = config.domains;
  const limits = {
    perDomainWeek: acme.certificates_per_domain_week,
    perSetWeek: acme.certificates_per_set_week,
    refusalsPerHour: acme.refusals_per_name_hour,
  };
  return allowedFrom(record, names, domains.list(), limits, clock.now());
}
