/** The container host: addresses and certificate, clock, token, privileges, release. */
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
import type { ProxmoxDoctorParts } from './doctor-parts.js';
import { examineEndpoint, type EndpointFacts } from './examine-endpoint.js';
import { grantCommands, type NeededPrivilege, neededPrivileges } from './privileges.js';

const DAY_MS = 86_400_000;
const SOON_DAYS = 14;
/** TLS, tokens and certificates bear some; logs of two machines are hard to lay side by side beyond it. */
const SKEW_WARNING_MS = 5_000;
const SKEW_WRONG_MS = 60_000;
const RELEASES = { first: 8, last: 9 } as const;

export function accessChecks(parts: ProxmoxDoctorParts): Check[] {
  const { config, pve } = parts;
  const { proxmox } = config.container_host;
  const user = proxmox.token_id.split('!', 1)[0] ?? '';
  const doors = endpointsOf(parts);
  return [
    {
      name: 'container_host.connection',
      title: 'API of the container host, its certificate',
      after: [],
      look: proxmox.urls.map((url) => `curl -kI ${word(url)}`),
      run: async (signal) => judgeEndpoints(parts, await doors(signal)),
    },
    {
      name: 'clock',
      title: "clock, against the container host's",
      after: ['container_host.connection'],
      look: ['timedatectl'],
      run: async (signal) => judgeClock(await doors(signal)),
    },
    {
      name: 'container_host.token',
      title: 'API token, release of Proxmox VE',
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
                `the token ${proxmox.token_id} is refused: ${said}`,
                `pveum user token list ${user}; pveum user list   # on a node: are both there, enabled and not expired?`,
                `pveum user token modify ${user} ${name} --expire 0; pveum user modify ${user} --expire 0 --enable 1   # if they are not`,
                '# container_host.proxmox.token_secret must be the secret that was shown when the token was made',
                '# only if that secret is lost (ends the old one for everybody who uses it, and its own privileges):',
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

/** Asked once for both checks. */
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

function judgeEndpoints({ clock }: ProxmoxDoctorParts, doors: readonly Endpoint[]): Verdict {
  const verdicts = doors.map((door): Verdict => {
    if ('error' in door)
      return wrong(
        `${door.url} does not answer: ${door.error}`,
        `curl -kI ${word(door.url)}`,
        'systemctl restart pveproxy   # on that node',
      );
    const { fingerprint, distrust, expiresAt } = door.facts;
    if (distrust !== undefined)
      return wrong(
        `${door.url} shows a certificate that is not trusted (${distrust}); its SHA-256 fingerprint is ${fingerprint}`,
        'pvenode cert info',
        `# on that node; when it shows the same fingerprint: container_host.proxmox.fingerprint: "${fingerprint}"`,
      );
    const days = Math.floor((Date.parse(expiresAt) - clock.now()) / DAY_MS);
    if (days < SOON_DAYS)
      return warning(`the certificate of ${door.url} ends on ${expiresAt}`, 'pvecm updatecerts --force');
    return ok(`${door.url} answers, its certificate is trusted until ${expiresAt.slice(0, 10)}`);
  });
  const answers = verdicts.some(({ state }) => state !== 'wrong');
  const untrusted = doors.some((door) => 'facts' in door && door.facts.distrust !== undefined);
  const all = worst(verdicts, wrong('no URL is configured'));
  // another address takes over for one that is dead
  return answers && !untrusted && all.state === 'wrong' ? { ...all, state: 'warning' } : all;
}

function judgeClock(doors: readonly Endpoint[]): Verdict {
  const verdicts = doors.flatMap((door): Verdict[] => {
    const skew = 'facts' in door ? door.facts.skewMs : undefined;
    if (skew === undefined) return [];
    const text = `${door.url} is ${Math.abs(skew) / 1000} s ${skew > 0 ? 'ahead of' : 'behind'} this machine`;
    const mend = ['timedatectl set-ntp true', 'chronyc makestep'];
    if (Math.abs(skew) >= SKEW_WRONG_MS) return [wrong(text, ...mend)];
    if (Math.abs(skew) >= SKEW_WARNING_MS) return [warning(text, ...mend)];
    return [ok('the clocks agree')];
  });
  return worst(verdicts, warning('the container host tells no time'));
}

export function judgeRelease(version: string): Verdict {
  const major = Number.parseInt(version, 10);
  if (!(major >= RELEASES.first))
    return wrong(`Proxmox VE ${version} is too old, 8 or 9 is needed`, 'apt update && apt full-upgrade');
  if (major > RELEASES.last) return warning(`Proxmox VE ${version} is newer than what was tried (8 and 9)`);
  return ok(`the token is accepted by Proxmox VE ${version}`);
}

async function checkPrivileges(
  { config, pve }: ProxmoxDoctorParts,
  user: string,
  signal: AbortSignal,
): Promise<Verdict> {
  const { proxmox } = config.container_host;
  const needed = neededPrivileges(proxmox);
  const missing = await missingOf(needed, (path) => pve.privileges(path, undefined, signal));
  if (missing.length === 0)
    return ok(`all ${needed.length} are held, on ${[...new Set(needed.map(({ path }) => path))].join(', ')}`);
  const found = missing
    .map(({ name, path, why }) => `${name} is missing on ${path} (needed to ${why})`)
    .join('; ');
  const ofUser = await missingOf(missing, (path) => pve.privileges(path, user, signal));
  const known = (await pve.privileges('/', user, signal)) !== undefined;
  const token = proxmox.token_id;
  if (!known)
    return wrong(
      found,
      ...grantCommands(missing, { user }),
      '# and, when the token has privileges of its own (privsep):',
      ...grantCommands(missing, { token }),
    );
  const tokenOnly = missing.filter((one) => !ofUser.includes(one));
  return wrong(
    tokenOnly.length === 0
      ? found
      : `${found}; the user ${user} holds ${ofUser.length === 0 ? 'all of them' : 'some of them'}, the token has privileges of its own (privsep)`,
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
