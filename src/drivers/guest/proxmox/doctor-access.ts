/** Checks the container host: addresses and certificate, clock, token, privileges, release. */
import {
  type Check,
  ok,
  sentenceOf,
  type Verdict,
  warning,
  wrong,
  word,
  worst,
} from '../../shared/doctor/check.js';
import { networksOf } from '../../../model/pool-choice.js';
import type { ProxmoxDoctorParts } from './doctor-parts.js';
import { examineEndpoint, type EndpointFacts } from './examine-endpoint.js';
import { grantCommands, type NeededPrivilege, neededPrivileges } from './privileges.js';

const DAY_MS = 86_400_000;
const SOON_DAYS = 14;
/**
 * The maximum clock skew. TLS, tokens and certificates work with a larger skew, but the logs of the two machines would
 * be hard to compare.
 */
const SKEW_WARNING_MS = 5_000;
const SKEW_WRONG_MS = 60_000;
const RELEASES = { first: 8, last: 9 } as const;

export function accessChecks(parts: ProxmoxDoctorParts): Check[] {
  const { config, pve } = parts;
  const { proxmox } = config.container_host;
  const user = proxmox.token_id.split('!', 1)[0] ?? '';
  const endpoints = endpointsOf(parts);
  return [
    {
      name: 'container_host.connection',
      title: 'API of the container host and its certificate',
      after: [],
      look: proxmox.urls.map((url) => `curl -kI ${word(url)}`),
      run: async (signal) => judgeEndpoints(parts, await endpoints(signal)),
    },
    {
      name: 'clock',
      title: "clock compared with the container host's",
      after: ['container_host.connection'],
      look: ['timedatectl'],
      run: async (signal) => judgeClock(await endpoints(signal)),
    },
    {
      name: 'container_host.token',
      title: 'API token and release of Proxmox VE',
      after: ['container_host.connection'],
      look: ['systemctl restart pveproxy   # on the node'],
      run: async (signal) => {
        const [, name = ''] = proxmox.token_id.split('!');
        const renew = `pveum user token remove ${user} ${name}; pveum user token add ${user} ${name} --privsep 0`;
        try {
          return judgeRelease(await pve.version(signal));
        } catch (error) {
          const said = sentenceOf(error);
          return /401|Authentication failed|invalid token|no such (user|token)/i.test(said)
            ? wrong(
                `the token ${proxmox.token_id} is rejected: ${said}`,
                `pveum user token list ${user}; pveum user list   # on a node: do both exist, enabled and not ` +
                  'expired?',
                `pveum user token modify ${user} ${name} --expire 0; pveum user modify ${user} --expire 0 --enable 1   # if they are not`,
                '# container_host.proxmox.token_secret must be the secret that was shown when the token was ' +
                  'created',
                '# only if that secret is lost (this revokes the old token and its privileges):',
                renew,
              )
            : wrong(said);
        }
      },
    },
    {
      name: 'container_host.permissions',
      title: 'privileges of the token',
      after: ['container_host.token'],
      look: [`pveum user permissions ${word(user)}   # on a node`],
      run: (signal) => checkPrivileges(parts, user, signal),
    },
  ];
}

type Endpoint = { readonly url: string } & ({ readonly facts: EndpointFacts } | { readonly error: string });

/** Queries the endpoints once. Two checks share the result. */
function endpointsOf({ config }: ProxmoxDoctorParts): (signal: AbortSignal) => Promise<Endpoint[]> {
  const { urls, ca_file: caFile, fingerprint } = config.container_host.proxmox;
  let asked: Promise<Endpoint[]> | undefined;
  const ask = async (url: string, signal: AbortSignal): Promise<Endpoint> => {
    try {
      return { url, facts: await examineEndpoint(url, { caFile, fingerprint }, signal) };
    } catch (error) {
      return { url, error: sentenceOf(error) };
    }
  };
  return (signal) => (asked ??= Promise.all(urls.map((url) => ask(url, signal))));
}

function judgeEndpoints({ clock }: ProxmoxDoctorParts, endpoints: readonly Endpoint[]): Verdict {
  const verdicts = endpoints.map((endpoint): Verdict => {
    if ('error' in endpoint)
      return wrong(
        `${endpoint.url} does not respond: ${endpoint.error}`,
        `curl -kI ${word(endpoint.url)}`,
        'systemctl restart pveproxy   # on that node',
      );
    const { fingerprint, distrust, expiresAt } = endpoint.facts;
    if (distrust !== undefined)
      return wrong(
        `${endpoint.url} has an untrusted certificate (${distrust}); its SHA-256 fingerprint is ` +
          fingerprint,
        'pvenode cert info',
        '# on that node; if it shows the same fingerprint, set: container_host.proxmox.fingerprint: ' +
          `"${fingerprint}"`,
      );
    const days = Math.floor((Date.parse(expiresAt) - clock.now()) / DAY_MS);
    if (days < SOON_DAYS)
      return warning(
        `the certificate of ${endpoint.url} expires on ${expiresAt}`,
        'pvecm updatecerts --force',
      );
    return ok(`${endpoint.url} responds; its certificate is trusted until ${expiresAt.slice(0, 10)}`);
  });
  const answers = verdicts.some(({ state }) => state !== 'wrong');
  const untrusted = endpoints.some(
    (endpoint) => 'facts' in endpoint && endpoint.facts.distrust !== undefined,
  );
  const all = worst(verdicts, wrong('no URL is configured'));
  // If an endpoint cannot be reached but another one responds, this is only a warning.
  return answers && !untrusted && all.state === 'wrong' ? { ...all, state: 'warning' } : all;
}

function judgeClock(endpoints: readonly Endpoint[]): Verdict {
  const verdicts = endpoints.flatMap((endpoint): Verdict[] => {
    const skew = 'facts' in endpoint ? endpoint.facts.skewMs : undefined;
    if (skew === undefined) return [];
    const text = `${endpoint.url} is ${Math.abs(skew) / 1000} s ${skew > 0 ? 'ahead of' : 'behind'} this machine`;
    const fix = ['timedatectl set-ntp true', 'chronyc makestep'];
    if (Math.abs(skew) >= SKEW_WRONG_MS) return [wrong(text, ...fix)];
    if (Math.abs(skew) >= SKEW_WARNING_MS) return [warning(text, ...fix)];
    return [ok('the clocks agree')];
  });
  return worst(verdicts, warning('the container host sends no time'));
}

export function judgeRelease(version: string): Verdict {
  const major = Number.parseInt(version, 10);
  if (!(major >= RELEASES.first))
    return wrong(
      `Proxmox VE ${version} is not supported; version 8 or 9 is required`,
      'apt update && apt full-upgrade',
    );
  if (major > RELEASES.last)
    return warning(`Proxmox VE ${version} is newer than the tested versions (8 and 9)`);
  return ok(`Proxmox VE ${version} accepts the token`);
}

async function checkPrivileges(
  { config, pve }: ProxmoxDoctorParts,
  user: string,
  signal: AbortSignal,
): Promise<Verdict> {
  const { proxmox } = config.container_host;
  const networks = networksOf(config.addresses.pools);
  const needed = neededPrivileges({ ...proxmox, networks });
  const missing = await missingOf(needed, (path) => pve.privileges(path, undefined, signal));
  if (missing.length === 0)
    return ok(
      `all ${needed.length} are granted, on ${[...new Set(needed.map(({ path }) => path))].join(', ')}`,
    );
  const found = missing
    .map(({ name, path, why }) => `${name} is missing on ${path} (required to ${why})`)
    .join('; ');
  const ofUser = await missingOf(missing, (path) => pve.privileges(path, user, signal));
  const known = (await pve.privileges('/', user, signal)) !== undefined;
  const token = proxmox.token_id;
  if (!known)
    return wrong(
      found,
      ...grantCommands(missing, { user }),
      '# if the token has separate privileges (privsep), also:',
      ...grantCommands(missing, { token }),
    );
  const tokenOnly = missing.filter((one) => !ofUser.includes(one));
  return wrong(
    tokenOnly.length === 0
      ? found
      : `${found}; the user ${user} has ${ofUser.length === 0 ? 'all of them' : 'some of them'}, but the ` +
          'token has separate privileges (privsep)',
    ...grantCommands(ofUser, { user }),
    ...(tokenOnly.length === 0 ? [] : grantCommands(missing, { token })),
  );
}

async function missingOf(
  needed: readonly NeededPrivilege[],
  ask: (path: string) => Promise<ReadonlySet<string> | undefined>,
): Promise<NeededPrivilege[]> {
  const paths = [...new Set(needed.map(({ path }) => path))];
  const held = new Map(await Promise.all(paths.map(async (path) => [path, await ask(path)] as const)));
  return needed.filter(({ path, name }) => held.get(path)?.has(name) !== true);
}
