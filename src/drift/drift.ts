/**
 * Compares the documents with the actual state, and lists the differences. A pure function: it reads no system itself.
 * There are no findings about a system that could not be read.
 */
import type { DesiredState, DesiredGuest, ServicePicture } from './desired-state.js';
import { formatMark, type Mark, sameMark } from '../kernel/mark.js';
import type { ServiceKey } from '../model/service.js';
import type { LeftLock, SeenContainer, System, ActualState } from '../model/actual-state.js';

export const PARTS = [
  'container',
  'mark',
  'lock',
  'power',
  'resources',
  'ha',
  'ha_error',
  'dns',
  'proxy',
  'certificate',
  'account',
] as const;
export type Part = (typeof PARTS)[number];

export interface Finding {
  readonly id: string;
  readonly key: ServiceKey;
  readonly part: Part;
  readonly problem: 'missing' | 'different' | 'surplus' | 'foreign';
  /** For operators. */
  readonly expected: string;
  readonly found: string;
  /** True if the difference can be repaired without risk to data, to foreign objects or to visitors. */
  readonly safe: boolean;
  /** Advice for the operator if the agent must not repair the difference. */
  readonly hint: string | null;
  readonly leftLock?: LeftLock;
}

/**
 * If at least this many containers are expected and none is visible, the cause is assumed to be that the agent's token
 * has lost its privileges.
 */
const MANY_GONE = 3;

export interface Comparison {
  readonly findings: readonly Finding[];
  /** Systems that could not be read, or whose result was not plausible. */
  readonly unknown: readonly System[];
}

export function compareWithActual(
  agent: string,
  pictures: Iterable<ServicePicture>,
  actual: ActualState,
): Comparison {
  const live = [...pictures].flatMap((picture) =>
    picture.life === 'live' && picture.expected ? [{ picture, expected: picture.expected }] : [],
  );
  const trusted = {
    ...actual,
    containers: believable(
      actual,
      live.flatMap(({ expected }) => (expected.guest ? [expected.guest.vmid] : [])),
    ),
  };
  const byVmid = new Map(trusted.containers?.read.map((one) => [one.vmid, one]));
  const findings = live.flatMap(({ picture, expected }) => {
    const [panel = '', service = ''] = picture.key.split('/');
    const mark: Mark = { agent, panel, service, generation: picture.generation };
    const differs = findingsOf(picture.key);
    const { guest } = expected;
    const container = guest ? byVmid.get(guest.vmid) : undefined;
    return [
      ...(guest ? containerFindings(differs, guest, mark, trusted, container) : []),
      ...(guest ? haFindings(differs, guest, mark, trusted, container) : []),
      ...dnsFindings(differs, expected, mark, trusted),
      ...proxyFindings(differs, expected, mark, trusted),
      ...certificateFindings(differs, expected, trusted),
    ];
  });
  const systems: System[] = ['containers', 'ha', 'dns', 'proxy', 'certificates'];
  return {
    findings: [...findings, ...lockFindings(agent, trusted), ...haErrorFindings(agent, trusted)],
    unknown: systems.filter((system) => trusted[system] === null),
  };
}

function believable({ containers }: ActualState, wanted: readonly number[]): ActualState['containers'] {
  if (!containers) return null;
  const there = new Set([...containers.read.map(({ vmid }) => vmid), ...containers.unread]);
  return wanted.length >= MANY_GONE && !wanted.some((vmid) => there.has(vmid)) ? null : containers;
}

type NewFinding = (
  part: Part,
  problem: Finding['problem'],
  expected: string,
  found: string,
  also?: { readonly safe?: boolean; readonly hint?: string },
) => Finding;

export const findingsOf =
  (key: ServiceKey): NewFinding =>
  (part, problem, expected, found, { safe = false, hint = null } = {}) => ({
    id: [key, part, problem, expected, found].join(' '),
    key,
    part,
    problem,
    expected,
    found,
    safe,
    hint,
  });

function containerFindings(
  differs: NewFinding,
  expected: DesiredGuest,
  mark: Mark,
  { containers }: ActualState,
  found: SeenContainer | undefined,
): Finding[] {
  const wanted = `container ${expected.vmid}`;
  if (!containers || containers.unread.includes(expected.vmid)) return [];
  if (!found)
    return [
      differs('container', 'missing', wanted, 'nothing', {
        hint: 'restore the container with this VMID from a backup that you keep, or delete the service',
      }),
    ];
  if (!found.mark)
    return [
      differs(
        'mark',
        'missing',
        formatMark(mark),
        `container ${expected.vmid} on ${found.node} without a mark`,
        {
          hint: `if it belongs to the site, restore its mark: pct set ${expected.vmid} --description ${formatMark(mark)}`,
        },
      ),
    ];
  if (!sameMark(found.mark, mark))
    return [
      differs('container', 'foreign', wanted, `${formatMark(found.mark)} with this VMID`, {
        hint: 'another container has this VMID: an operator must check it',
      }),
    ];
  if (found.template) return [differs('container', 'different', wanted, 'a template')];
  return [...powerFindings(differs, expected, found), ...resourceFindings(differs, expected, found)];
}

/**
 * Returns the findings about locks. They are reported in every state of the service, even if it has an open or stuck
 * job, because the job may be waiting for the lock to be removed.
 */
function lockFindings(agent: string, { containers }: ActualState): Finding[] {
  return (containers?.read ?? []).flatMap(({ mark, leftLock }) => {
    if (mark?.agent !== agent || leftLock === undefined) return [];
    const { vmid, node, lock, commands } = leftLock;
    const found = `container ${vmid} with lock "${lock}", which no task holds`;
    const hint = `on ${node}: ${commands.join(' && ')}`;
    const differs = findingsOf(`${mark.panel}/${mark.service}`);
    return [{ ...differs('lock', 'surplus', 'no lock', found, { hint }), leftLock }];
  });
}

/**
 * Returns the findings about HA errors. They are reported in every state of the service, even if it has an open or
 * stuck job, because HA neither starts nor moves the container until the error is cleared. To clear the error, an
 * operator must first request the state `disabled`, the only state that HA accepts then, and afterwards the former
 * state.
 */
function haErrorFindings(agent: string, { containers, ha }: ActualState): Finding[] {
  return (containers?.read ?? []).flatMap(({ vmid, node, mark, haError, leftLock }) => {
    if (mark?.agent !== agent || haError === undefined) return [];
    const asked = ha?.find((one) => one.vmid === vmid)?.state ?? 'started';
    const commands = [
      ...(leftLock?.commands ?? []),
      `ha-manager set ct:${vmid} --state disabled`,
      ...(asked === 'disabled'
        ? []
        : [
            `while ha-manager status | grep -q 'ct:${vmid} .*error'; do sleep 1; done`,
            `ha-manager set ct:${vmid} --state ${asked}`,
          ]),
    ];
    const differs = findingsOf(`${mark.panel}/${mark.service}`);
    const hint = `on ${node}: ${commands.join(' && ')}`;
    return [differs('ha_error', 'different', asked, `HA holds ct:${vmid} in state "error"`, { hint })];
  });
}

function powerFindings(
  differs: NewFinding,
  { power, mayStop }: DesiredGuest,
  found: SeenContainer,
): Finding[] {
  if (power === null || found.power === 'unknown' || found.power === power) return [];
  return [differs('power', 'different', power, found.power, { safe: power === 'running' || mayStop })];
}

/**
 * Returns the findings about resources. It is safe to increase a container's resources to those of the plan, but not to
 * reduce the resources of a running container. A disk that is larger than the plan's is not a finding, because a disk
 * cannot be made smaller. Such a disk remains from a larger plan or comes from the template.
 */
function resourceFindings(differs: NewFinding, { resources }: DesiredGuest, found: SeenContainer): Finding[] {
  const names = ['cores', 'memoryMb', 'swapMb', 'diskGb'] as const;
  const differing = names.filter((name) =>
    name === 'diskGb' ? found.resources.diskGb < resources.diskGb : found.resources[name] !== resources[name],
  );
  if (differing.length === 0) return [];
  const words = (of: typeof resources): string => differing.map((name) => `${name} ${of[name]}`).join(', ');
  const safe = differing.every((name) => found.resources[name] < resources[name]);
  const hint = safe
    ? {}
    : { hint: 'the container has more than was sold: reduce it manually, or upgrade the service' };
  return [differs('resources', 'different', words(resources), words(found.resources), { safe, ...hint })];
}

function haFindings(
  differs: NewFinding,
  { ha: wanted, vmid }: DesiredGuest,
  mark: Mark,
  { ha }: ActualState,
  container: SeenContainer | undefined,
): Finding[] {
  if (!ha || wanted === null || !sameMark(container?.mark, mark)) return [];
  const resource = ha.find((one) => one.vmid === vmid);
  const ours = resource && sameMark(resource.mark, mark);
  if (wanted && !resource) return [differs('ha', 'missing', `ct:${vmid} started`, 'nothing', { safe: true })];
  if (resource && !ours)
    return [differs('ha', 'foreign', `ct:${vmid} with the mark`, `ct:${vmid} without the mark`)];
  if (wanted && (resource?.state === null || resource?.rule === false))
    return [
      differs(
        'ha',
        'missing',
        `ct:${vmid} with an HA rule`,
        resource.state === null ? 'only the HA rule' : 'no HA rule',
        {
          safe: true,
        },
      ),
    ];
  if (wanted && resource?.state !== 'started')
    return [
      differs('ha', 'different', 'started', resource?.state ?? '', {
        hint: 'its HA state was changed outside of the agent: an operator must check it',
      }),
    ];
  return !wanted && resource ? [differs('ha', 'surplus', 'nothing', `ct:${vmid}`)] : [];
}

function dnsFindings(
  differs: NewFinding,
  expected: DesiredState,
  mark: Mark,
  { dns }: ActualState,
): Finding[] {
  if (!dns) return [];
  const ours = dns.filter((record) => sameMark(record.mark, mark));
  const text = (values: readonly string[]): string => [...values].sort().join(',');
  const is = (a: { name: string; type: string }) => (b: { name: string; type: string }) =>
    a.name === b.name && a.type === b.type;
  return [
    ...expected.dns.flatMap((wanted) => {
      const label = `${wanted.name} ${wanted.type} ${text(wanted.values)}`;
      const found = ours.find(is(wanted));
      if (!found) return [differs('dns', 'missing', label, 'no record with the mark', { safe: true })];
      const same = text(found.values) === text(wanted.values);
      return same ? [] : [differs('dns', 'different', label, text(found.values), { safe: true })];
    }),
    ...ours
      .filter((record) => !expected.dns.some(is(record)))
      .map((record) => differs('dns', 'surplus', 'nothing', `${record.name} ${record.type}`)),
  ];
}

function proxyFindings(
  differs: NewFinding,
  expected: DesiredState,
  mark: Mark,
  { proxy }: ActualState,
): Finding[] {
  if (!proxy) return [];
  const found = proxy.find((host) => sameMark(host.mark, mark));
  const words = (names: readonly string[], address: string, state: string): string =>
    `${[...names].sort().join(',')} to ${address}, ${state}`;
  const wanted = expected.proxy;
  const is = found && words(found.names, found.upstream.address, found.state);
  if (!wanted) return is === undefined ? [] : [differs('proxy', 'surplus', 'nothing', is)];
  const should = words(wanted.names, wanted.address, wanted.state);
  if (is === undefined) return [differs('proxy', 'missing', should, 'nothing', { safe: true })];
  return is === should ? [] : [differs('proxy', 'different', should, is, { safe: true })];
}

function certificateFindings(
  differs: NewFinding,
  expected: DesiredState,
  { certificates }: ActualState,
): Finding[] {
  if (!certificates) return [];
  return expected.certificates
    .filter(({ id }) => !certificates.includes(id))
    .map(({ domain }) =>
      differs('certificate', 'missing', domain, 'nothing', {
        hint: 'the agent installs the certificate again when it restarts',
      }),
    );
}
