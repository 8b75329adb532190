/** Parses an order for a site and checks everything that can be checked without the stored records and the cluster. */
import { AgentError, asAgentError } from '../kernel/errors.js';
import { invalid } from '../kernel/invalid.js';
import { type Email, parseEmail } from '../model/email.js';
import { type NameRules, parseDomain, shownOf } from '../model/domain-name.js';
import { readHostName } from '../kernel/host-name.js';
import { canBeReached, canonicalAddress, isWithin } from '../model/address-pool.js';
import type { JsonObject } from '../kernel/json.js';
import { canonicalLocale } from '../model/locale.js';
import { ownerEmailProblem } from '../model/owner-email.js';
import { ID_PATTERN } from '../model/service.js';
import { isLegalLabel, isReserved } from '../model/subdomain.js';
import type { SoldProduct } from './context.js';

/** The request as sent. The types of the fields are already checked, their values are not. */
export interface SiteRequest {
  readonly service_id: string | number;
  readonly email: string;
  readonly plan: string;
  readonly public_ip: string | readonly string[];
  readonly subdomain?: string | undefined;
  readonly domain?: string | undefined;
  readonly user_id?: string | number | undefined;
  readonly module?: string | undefined;
  readonly properties?: JsonObject | undefined;
  readonly reservation?: string | undefined;
  readonly locale?: string | undefined;
}

/** The parsed order. */
export interface SiteOrder {
  readonly id: string;
  readonly email: Email;
  readonly planWord: string;
  readonly publicIps: readonly string[];
  readonly subdomain: string | undefined;
  readonly domain: OrderedDomain | undefined;
  readonly userId: string | undefined;
  /** The product that the order names. */
  readonly module: string | undefined;
  readonly properties: JsonObject | undefined;
  readonly reservation?: string | undefined;
  /** BCP 47, in its canonical form. */
  readonly locale?: string | undefined;
}

/**
 * A domain that came with the order. The customer paid for the site, so an unusable domain is no reason to refuse the
 * order. The domain is kept together with its problem.
 */
export interface OrderedDomain {
  readonly name: string;
  /** A sentence for the customer; null if no problem is known so far. */
  readonly problem: string | null;
}

export interface OrderRules extends NameRules {
  readonly reservedNames: ReadonlySet<string>;
  /** Addresses and networks of the proxy, which are accepted even if they are private. */
  readonly ownNetworks: readonly string[];
}

export const LOCALE_RULE = 'must be a language tag such as de or pt-BR';

const MOST_ADDRESSES = 16;
/**
 * Limits the size of the properties, because they are part of the service's document, which is rewritten with every
 * step of its jobs.
 */
const MOST_PROPERTIES_BYTES = 16_384;

/** Throws `invalid_request`, which names every invalid field, or `name_reserved`. */
export function checkOrder(request: SiteRequest, rules: OrderRules): SiteOrder {
  const problems: Record<string, string> = {};
  const id = String(request.service_id);
  if (!ID_PATTERN.test(id)) {
    problems.service_id =
      'must be 1 to 64 letters, digits, dots, underscores or hyphens, not starting with a dot or hyphen';
  }
  const email = parseEmail(request.email.trim());
  if (!email) problems.email = 'must be an e-mail address such as name@example.com';
  const planWord = request.plan.trim();
  if (planWord === '') problems.plan = 'must be the name of a plan';
  const publicIps = readAddresses(request.public_ip, rules, problems);
  if (Buffer.byteLength(JSON.stringify(request.properties ?? {})) > MOST_PROPERTIES_BYTES)
    problems.properties = `must not exceed ${MOST_PROPERTIES_BYTES} bytes`;
  const locale = request.locale === undefined ? undefined : canonicalLocale(request.locale.trim());
  if (request.locale !== undefined && locale === undefined) problems.locale = LOCALE_RULE;
  const subdomain = readSubdomain(request.subdomain, rules.reservedNames);
  if (!email || Object.keys(problems).length > 0)
    throw invalid({ ...problems, ...('problem' in subdomain ? { subdomain: subdomain.problem } : {}) });
  if ('problem' in subdomain)
    throw new AgentError('name_reserved', subdomain.sentence, { fields: { subdomain: subdomain.problem } });
  return {
    id,
    email,
    planWord,
    publicIps,
    subdomain: subdomain.label,
    domain: readDomain(request.domain, rules),
    userId: request.user_id === undefined ? undefined : String(request.user_id),
    module: request.module,
    properties: request.properties,
    reservation: request.reservation,
    locale,
  };
}

/** Throws `invalid_request` for an address that the product's sites cannot keep unchanged. */
export function checkEmail(
  { declared, info }: Pick<SoldProduct, 'declared' | 'info'>,
  { address }: Email,
): void {
  const problem = declared.ownerEmail && ownerEmailProblem(declared.ownerEmail, info.title, address);
  if (typeof problem === 'string') throw invalid({ email: problem });
}

function readAddresses(
  sent: string | readonly string[],
  { ownNetworks }: Pick<OrderRules, 'ownNetworks'>,
  problems: Record<string, string>,
): string[] {
  const list = typeof sent === 'string' ? [sent] : sent;
  const addresses = list.map((text) => canonicalAddress(text.trim()));
  const known = addresses.filter((address) => address !== undefined);
  if (known.length !== addresses.length || known.length === 0) {
    problems.public_ip = 'must be an IPv4 or IPv6 address, or a list of them';
  } else if (known.length > MOST_ADDRESSES) {
    problems.public_ip = `must not name more than ${MOST_ADDRESSES} addresses`;
  } else {
    const nowhere = known.find((address) => !canBeReached(address) && !isWithin(address, ownNetworks));
    if (nowhere !== undefined)
      problems.public_ip = `must be an address that visitors can reach, not ${nowhere}`;
  }
  return [...new Set(known)];
}

function readDomain(sent: string | undefined, rules: NameRules): OrderedDomain | undefined {
  if (sent === undefined || sent.trim() === '') return undefined;
  const name = readHostName(sent.trim());
  if (name === undefined) {
    const shown = shownOf(sent);
    return { name: shown, problem: `${shown} is not a domain name such as example.com.` };
  }
  const { baseDomain } = rules;
  const isOurs = name === baseDomain || name.endsWith(`.${baseDomain}`);
  if (isOurs) return { name, problem: `${name} is a name of this provider, not a domain of your own.` };
  try {
    parseDomain(name, rules);
    return { name, problem: null };
  } catch (error) {
    return { name, problem: asAgentError(error).message };
  }
}

type ReadSubdomain =
  { readonly label: string | undefined } | { readonly problem: string; readonly sentence: string };

function readSubdomain(sent: string | undefined, reserved: ReadonlySet<string>): ReadSubdomain {
  const label = sent?.trim().toLowerCase();
  if (label === undefined) return { label };
  if (!isLegalLabel(label))
    return {
      problem: 'must be 1 to 63 letters, digits and hyphens',
      sentence:
        'The requested subdomain must be 1 to 63 letters, digits and hyphens, and must not start or end with a hyphen.',
    };
  if (isReserved(label, reserved))
    return { problem: 'is reserved', sentence: 'The requested subdomain is reserved.' };
  return { label };
}
