/**
 * One try to obtain a certificate for a domain: first it checks whether an order can succeed (DNS, CAA, limits, the
 * proxy), then it places the order.
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

/** Explains why some names of the domain are not in the certificate. */
export interface Missing {
  /** Sentences for the customer. */
  readonly problem: string;
  /**
   * True if the authority has just refused one of the names. The caller must count refusals, because the authority
   * limits their number.
   */
  readonly isRefused: boolean;
}

export type Obtained =
  | { readonly kind: 'issued'; readonly certificate: HeldCertificate; readonly missing: Missing | null }
  /** The present certificate covers every name that can be certified now, and is not due for renewal. */
  | { readonly kind: 'kept'; readonly missing: Missing | null }
  /** No certificate can be ordered until something outside the agent changes; `problem` is for the customer. */
  | { readonly kind: 'wait'; readonly problem: string; readonly until?: number }
  /** The proxy does not serve the names yet, because the service's job has not finished. */
  | { readonly kind: 'unrouted' };

/**
 * Every name is checked separately, so a problem with one name does not prevent a certificate for the others. Throws
 * `lookup_failed`, `certificate_refused`, `certificate_unreachable`, `proxy_*`, `aborted`.
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
  if (good.length === 0) return noneOf(bad);
  if (isGood(record, good, clock)) return { kind: 'kept', missing: missingOf(bad) };
  const lost = bad.filter(({ name }) => held?.names.includes(name));
  if (held && lost.some(({ error }) => error !== undefined) && clock.now() < lastCallOf(held))
    return { kind: 'wait', problem: missingOf(lost)?.problem ?? '' };
  return order(deps, { record, service, names: good, bad }, signal);
}

/** Whether the present certificate covers these names and is not due for renewal. */
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
  /** Set if the name could not be checked, which may be temporary. */
  readonly error?: AgentError;
  /** True if the authority itself refused the name. */
  readonly isRefused?: boolean;
}

interface Judged {
  readonly good: readonly string[];
  readonly bad: readonly BadName[];
}

/**
 * Separates the names without a problem from the others. `problemOf` returns a sentence that describes the problem of a
 * name, or undefined if it has none.
 */
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
  return here ? undefined : `${name} points to ${found}; it must point to ${expected}.`;
}

function authorityProblem(
  { drivers }: CertificateDeps,
  name: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  return caaProblem(drivers.lookup, drivers.issuer.caaIdentities, [name], { signal });
}

/**
 * The result when no certificate can be obtained for any of the names. The customer sees the problem of the first name.
 */
function noneOf(bad: readonly BadName[]): Obtained {
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
  /** Names that earlier checks have already excluded from the order. */
  readonly bad: readonly BadName[];
}

async function order(deps: CertificateDeps, asked: Order, signal: AbortSignal): Promise<Obtained> {
  const { drivers, config, clock } = deps;
  const { record, service, names, bad } = asked;
  const from = orderableFrom(deps, record, names);
  if (from > clock.now()) {
    const at = new Date(from).toISOString().slice(0, 16).replace('T', ' ');
    const problem = `The certificate limit for ${record.registered} has been reached; the next certificate can be ordered after ${at} UTC.`;
    return { kind: 'wait', problem, until: from };
  }
  // If the proxy does not serve the names yet, no order is placed, because the authority's validation would fail and
  // the next try would come much later.
  const host = await drivers.proxy.find(markOf(config.agent.id, service), plainCall(signal));
  if (!host || names.some((name) => !host.names.includes(name))) return { kind: 'unrouted' };
  const challenges = {
    put: (token: string, content: string) => drivers.proxy.ensureChallenge(token, content, plainCall(signal)),
    // the challenge must be removed even while the agent is stopping
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

/** The order without the names that the authority refused; undefined when no order can be placed now. */
function withoutRefused(
  { clock }: CertificateDeps,
  { record, service, names, bad }: Order,
  error: unknown,
): Order | undefined {
  if (!(error instanceof AgentError) || error.code !== 'certificate_refused') return undefined;
  const { fields = {} } = error;
  const refused = names.filter((name) => fields[name] !== undefined);
  const { certificate: held } = record;
  // a single refusal does not remove a name that the present certificate covers
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
