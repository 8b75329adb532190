/**
 * The issuer `acme` uses one account, and HTTP-01 challenges for every name, with the library acme-client. The
 * deadlines of the library are replaced by our own. The errors of the library are converted, so that a refusal by the
 * authority can be distinguished from a missing response.
 */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { rootCertificates } from 'node:tls';
import type acme from 'acme-client';
import type { Clock } from '../../../kernel/clock.js';
import { cleaned } from '../../../kernel/text.js';
import { AgentError } from '../../../kernel/errors.js';
import { Secret } from '../../../kernel/secret.js';
import { abortError, throwIfAborted } from '../../shared/abort.js';
import { type Circuit, through, verdictOf } from '../../shared/circuit.js';
import { isPage, pageWords } from '../../shared/page.js';
import { withLimit } from '../../../kernel/async/with-limit.js';
import { orAbort } from '../../../kernel/async/race.js';
import type { AcmeConfig, AcmeSettings } from './config.js';
import { shortcoming } from '../issued.js';
import type {
  AccountStore,
  CertificateIssuer,
  Challenges,
  IssuedCertificate,
  IssuerDeps,
} from '../contract.js';

type Acme = typeof acme;

export interface AcmeDeps {
  readonly clock: Clock;
  readonly accounts: AccountStore;
  readonly circuit?: Circuit;
}

const REQUEST_MS = 30_000;
/** The delay between polls of an authorization or order grows from 0.25 s to 5 s. */
const POLL = { backoffAttempts: 30, backoffMin: 250, backoffMax: 5_000 };
const LONGEST_REASON = 300;
const MOST_ANSWER_BYTES = 1024 * 1024;

export function driver(
  { domains }: AcmeSettings,
  { clock, accounts, circuits }: IssuerDeps,
): CertificateIssuer {
  const circuit = circuits.of('issuer', 'certificate authority');
  return acmeIssuer(domains.acme, { clock, accounts, circuit });
}

export function acmeIssuer(config: AcmeConfig, deps: AcmeDeps): CertificateIssuer {
  const severity = newSeverity();
  return {
    kind: 'acme',
    caaIdentities: config.caa_identities,
    async issue(names, challenges, { signal }) {
      throwIfAborted(signal, 'certificate_unreachable', 'ordering a certificate');
      const issue = (): Promise<IssuedCertificate> =>
        withLimit(signal, config.timeout_s * 1000, async (limit) => {
          try {
            // The library is loaded on demand, because it is larger than the rest of the agent.
            const { default: library } = await import('acme-client');
            severity.begin(library);
            await prepareHttp(library, config);
            return await order(library, config, deps, names, challenges, limit);
          } catch (error) {
            if (signal.aborted) throw abortError(signal, 'certificate_unreachable', 'ordering a certificate');
            throw asFailure(error, limit.aborted);
          }
        });
      return through(deps.circuit, issue, verdictOf, ({ failure, detail }) =>
        failure === 'refused_us' ? refusesUs(detail) : silence(detail),
      );
    },
    close: async () => severity.end(),
  };
}

async function order(
  library: Acme,
  config: AcmeConfig,
  deps: AcmeDeps,
  names: readonly string[],
  challenges: Challenges,
  limit: AbortSignal,
): Promise<IssuedCertificate> {
  // The time limit applies to each wait separately and not to the whole order, so that the challenges are still
  // removed when an order is abandoned.
  const wait = <T>(work: Promise<T>): Promise<T> =>
    orAbort(work, limit, () => new Error('the order did not end in time'));
  const { client, placed } = await wait(placeOrder(library, config, deps, names));
  // all names are verified even after one has failed, so that the next order can omit all names that fail
  const refused = new Map<string, string>();
  for (const authorization of await wait(client.getAuthorizations(placed))) {
    if (authorization.status === 'valid') continue;
    try {
      await authorize(client, authorization, challenges, wait);
    } catch (error) {
      const failure = asFailure(error, limit.aborted);
      if (failure.code !== 'certificate_refused') throw error;
      refused.set(authorization.identifier.value, failure.detail ?? '');
    }
  }
  if (refused.size > 0) throw new NamesRefused(refused);
  const [key, csr] = await library.crypto.createCsr(
    { altNames: [...names] },
    await library.crypto.createPrivateEcdsaKey('P-256'),
  );
  const chain = await wait(client.getCertificate(await wait(client.finalizeOrder(placed, csr))));
  const secret = new Secret(key.toString());
  const short = shortcoming({ chain, key: secret }, names);
  if (short !== undefined) throw new Refused(`it issued a certificate ${short}`);
  const { validFrom, validTo } = new X509Certificate(chain);
  return {
    chain,
    key: secret,
    issuedAt: new Date(Math.max(Date.parse(validFrom), 0)).toISOString(),
    expiresAt: new Date(validTo).toISOString(),
  };
}

async function authorize(
  client: acme.Client,
  authorization: acme.Authorization,
  challenges: Challenges,
  wait: <T>(work: Promise<T>) => Promise<T>,
): Promise<void> {
  const challenge = authorization.challenges.find(({ type }) => type === 'http-01');
  if (!challenge) throw new Refused('no HTTP-01 challenge is offered');
  const { token } = challenge;
  await challenges.put(token, await client.getChallengeKeyAuthorization(challenge));
  try {
    await wait(client.completeChallenge(challenge));
    // poll the challenge instead of its authorization, because only the challenge contains the reason for a failure
    await wait(client.waitForValidStatus(challenge));
  } finally {
    await challenges.remove(token).catch(() => {});
  }
}

async function placeOrder(
  library: Acme,
  config: AcmeConfig,
  deps: AcmeDeps,
  names: readonly string[],
): Promise<{ client: acme.Client; placed: acme.Order }> {
  const identifiers = names.map((value) => ({ type: 'dns', value }));
  const known = deps.accounts.find(config.directory_url);
  const client = await openAccount(library, config, deps, known?.url ?? null);
  try {
    return { client, placed: await client.createOrder({ identifiers }) };
  } catch (error) {
    if (known?.url === undefined || known.url === null || isWire(error)) throw error;
    // The authority may not know the account any more: test authorities, for example, lose their accounts at each
    // start. It is safe to register the same key again.
    const again = await openAccount(library, config, deps, null);
    return { client: again, placed: await again.createOrder({ identifiers }) };
  }
}

/**
 * Returns the stored account. If there is none, creates it at the authority. The key of the account is stored before
 * its public part is sent to the authority.
 */
async function openAccount(
  library: Acme,
  config: AcmeConfig,
  { accounts }: AcmeDeps,
  accountUrl: string | null,
): Promise<acme.Client> {
  const url = config.directory_url;
  const known = accounts.find(url);
  const key = known?.key ?? new Secret((await library.crypto.createPrivateEcdsaKey('P-256')).toString());
  if (!known) await accounts.save(url, { key, url: null });
  const client = new library.Client({
    directoryUrl: url,
    accountKey: key.reveal(),
    ...(accountUrl === null ? {} : { accountUrl }),
    ...POLL,
  });
  if (accountUrl === null) {
    const contact = config.email === null ? {} : { contact: [`mailto:${config.email}`] };
    await client.createAccount({ termsOfServiceAgreed: true, ...contact });
    await accounts.save(url, { key, url: client.getAccountUrl() });
  }
  return client;
}

/**
 * The library has one HTTP client for all its users. This issuer adds a rule to the client that rejects certain
 * responses, and removes the rule when the issuer is closed.
 */
function newSeverity(): { readonly begin: (library: Acme) => void; readonly end: () => void } {
  let end: (() => void) | undefined;
  return {
    begin({ axios: { interceptors } }) {
      if (end) return;
      const id = interceptors.response.use(refuseBreakdown);
      end = () => interceptors.response.eject(id);
    },
    end: () => end?.(),
  };
}

/** The rule applies to all requests of acme-client. This is acceptable because only this issuer uses the library. */
async function prepareHttp(library: Acme, config: AcmeConfig): Promise<void> {
  const { defaults } = library.axios;
  const own = config.ca_file === null ? undefined : await readFile(config.ca_file, 'utf8');
  defaults.timeout = REQUEST_MS;
  defaults.maxContentLength = MOST_ANSWER_BYTES;
  defaults.proxy = false;
  // an authority never redirects, so a redirect comes from another system
  defaults.maxRedirects = 0;
  defaults.httpsAgent = new Agent(own === undefined ? {} : { ca: [...rootCertificates, own] });
  // Disables the retries of the library, because the job engine itself waits while the authority is down.
  const settings: unknown = Reflect.get(defaults, 'acmeSettings');
  if (typeof settings === 'object' && settings !== null) Reflect.set(settings, 'retryMaxAttempts', 0);
}

class Refused extends Error {}

/** The error if the authority refused some of the names. */
class NamesRefused extends Error {
  readonly names: ReadonlyMap<string, string>;

  constructor(names: ReadonlyMap<string, string>) {
    super([...names].map(([name, words]) => `${name}: ${words}`).join('; '));
    this.names = names;
  }
}

/**
 * The error if the authority, or a gateway in front of it, cannot process requests at the moment. It does not show
 * whether the order is correct, regardless of what the body contains.
 */
class Breakdown extends Error {
  readonly response: number;

  constructor(status: number) {
    super(`it responded with ${status}, or its response was incomplete`);
    this.response = status;
  }
}

/**
 * The error if the authority rejects the agent or its account, or if a system in front of the authority blocks all
 * requests. It does not show whether the order is correct either.
 */
class Refusal extends Error {}

/** The problem types of RFC 8555 that concern the agent's account and not the order. */
const OF_ACCOUNT =
  /^urn:ietf:params:acme:error:(?:accountDoesNotExist|externalAccountRequired|userActionRequired|unsupportedContact|invalidContact|badPublicKey)$/;

/**
 * Checks responses that acme-client would misinterpret. acme-client ignores the status, treats any body as a message
 * of the authority, and treats an incomplete response as an empty one.
 */
function refuseBreakdown<A extends { readonly status: number; readonly data?: unknown }>(answer: A): A {
  const { status, data } = answer;
  if (status >= 500 || data === undefined) throw new Breakdown(status);
  const page = typeof data === 'string' && isPage(data);
  if (page || (status >= 300 && status < 400))
    throw new Refusal(`${status} ${page ? pageWords(data) : 'a redirect instead of a response'}`);
  const problem = problemIn(data);
  if (status >= 400 && OF_ACCOUNT.test(problem.type)) throw new Refusal(`${status} ${problem.detail}`);
  const names = status >= 400 ? namesIn(data) : undefined;
  if (names && names.size > 0) throw new NamesRefused(names);
  return answer;
}

/** Returns the names that made an order fail (RFC 8555, section 6.7.1). */
function namesIn(data: unknown): ReadonlyMap<string, string> {
  const list: unknown =
    typeof data === 'object' && data !== null ? Reflect.get(data, 'subproblems') : undefined;
  return new Map(
    (Array.isArray(list) ? (list as readonly unknown[]) : []).flatMap(
      (one): (readonly [string, string])[] => {
        const identifier: unknown =
          typeof one === 'object' && one !== null ? Reflect.get(one, 'identifier') : undefined;
        const value: unknown =
          typeof identifier === 'object' && identifier !== null
            ? Reflect.get(identifier, 'value')
            : undefined;
        return typeof value === 'string' ? [[value, problemIn(one).detail]] : [];
      },
    ),
  );
}

function problemIn(data: unknown): { readonly type: string; readonly detail: string } {
  const word = (name: string): string => {
    const value: unknown = typeof data === 'object' && data !== null ? Reflect.get(data, name) : undefined;
    return typeof value === 'string' ? value : '';
  };
  return { type: word('type'), detail: word('detail') };
}

/**
 * Converts the errors of acme-client. An error that has a `code` or a `response` means that the connection failed. Any
 * other error contains the authority's own message.
 */
function asFailure(error: unknown, timedOut: boolean): AgentError {
  if (error instanceof AgentError) return error;
  const text = error instanceof Error ? error.message : String(error);
  if (error instanceof Refusal) return refusesUs(text, error);
  if (timedOut || isWire(error)) return silence(text, error);
  const refused = (words: string): string => `The certificate authority refused: ${sentence(words)}`;
  const names = error instanceof NamesRefused ? [...error.names] : [];
  return new AgentError('certificate_refused', refused(text), {
    role: 'certificate authority',
    detail: cleaned(text),
    cause: error,
    ...(names.length > 0
      ? { fields: Object.fromEntries(names.map(([name, words]) => [name, refused(words)])) }
      : {}),
  });
}

function silence(detail: string, cause?: unknown): AgentError {
  return new AgentError('certificate_unreachable', 'The certificate authority does not answer right now.', {
    role: 'certificate authority',
    system: 'issuer',
    detail,
    cause,
  });
}

function refusesUs(detail: string, cause?: unknown): AgentError {
  return new AgentError('authority_refused', 'The certificate authority refuses the agent.', {
    role: 'certificate authority',
    system: 'issuer',
    detail: cleaned(detail),
    cause,
  });
}

function isWire(error: unknown): boolean {
  // without a response, acme-client fails with a TypeError
  if (!(error instanceof Error) || error instanceof TypeError) return true;
  if (('code' in error && typeof error.code === 'string') || 'response' in error) return true;
  return /directory|nonce|API resource/i.test(error.message);
}

function sentence(text: string): string {
  const plain = text.replace(/[\p{C}<>\s]+/gu, ' ').trim();
  const short = plain.length > LONGEST_REASON ? `${plain.slice(0, LONGEST_REASON)}...` : plain;
  return /[.!?]$/.test(short) ? short : `${short || 'it gave no reason'}.`;
}
