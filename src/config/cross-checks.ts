/**
 * What must hold between keys. Each check looks only at the keys it needs, so that it speaks even while others are
 * wrong.
 */
import { join } from 'node:path';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import type { ConfigProblem } from './error.js';
import { ambiguousPlans } from './plans.js';
import { poolProblems } from './pools.js';
import { PoolSchema } from './schema.js';

/** The system's limit for the path of a unix socket, its final zero byte not counted. */
const SOCKET_PATH_LIMIT = 107;

type Check = (file: unknown) => ConfigProblem[];

const problem = (key: string, text: string): ConfigProblem[] => [{ key, problem: text }];

const Block = Type.Optional(Type.Unknown());
const SshDriver = Type.Object({ exec: Type.Object({ driver: Type.Literal('ssh'), ssh: Block }) });
const sshHasItsBlock: Check = (file) =>
  Value.Check(SshDriver, file) && file.exec.ssh === undefined
    ? problem(
        'exec.ssh',
        'found nothing, expected private_key and known_hosts_file, since exec.driver is ssh',
      )
    : [];

const DnsDriver = Type.Object({ dns: Type.Object({ driver: Type.Literal('powerdns'), powerdns: Block }) });
const powerdnsHasItsBlock: Check = (file) =>
  Value.Check(DnsDriver, file) && file.dns.powerdns === undefined
    ? problem('dns.powerdns', 'found nothing, expected url and api_key, since dns.driver is powerdns')
    : [];

const Range = Type.Object({ first: Type.Integer(), last: Type.Integer() });
const VMIDS = ['vmids', 'template_vmids'] as const;
const Proxmox = Type.Object({
  container_host: Type.Object({ proxmox: Type.Object({ vmids: Block, template_vmids: Block }) }),
});

function vmidRange(file: unknown, name: (typeof VMIDS)[number]): { first: number; last: number } | undefined {
  if (!Value.Check(Proxmox, file)) return undefined;
  const range = file.container_host.proxmox[name];
  return Value.Check(Range, range) ? range : undefined;
}

const vmidsAreApart: Check = (file) => {
  const key = 'container_host.proxmox';
  const inside = VMIDS.flatMap((name) => {
    const range = vmidRange(file, name);
    return range && range.first > range.last
      ? problem(
          `${key}.${name}`,
          `found first ${range.first} after last ${range.last}, expected it not to be`,
        )
      : [];
  });
  const [ours, templates] = VMIDS.map((name) => vmidRange(file, name));
  if (inside.length > 0 || !ours || !templates) return inside;
  if (ours.last < templates.first || templates.last < ours.first) return [];
  const found = `${templates.first}-${templates.last}, which overlaps vmids ${ours.first}-${ours.last}`;
  return problem(`${key}.template_vmids`, `found ${found}, expected ranges apart`);
};

const Slots = Type.Object({
  jobs: Type.Object({ slots: Type.Integer(), interactive_slots: Type.Integer() }),
});
const slotsAreLeft: Check = (file) =>
  Value.Check(Slots, file) && file.jobs.interactive_slots >= file.jobs.slots
    ? problem(
        'jobs.interactive_slots',
        `found ${file.jobs.interactive_slots}, expected less than jobs.slots (${file.jobs.slots})`,
      )
    : [];

const Zone = Type.Object({
  agent: Type.Object({ base_domain: Type.String() }),
  dns: Type.Object({ powerdns: Type.Object({ zone: Type.String() }) }),
});
const zoneHoldsBaseDomain: Check = (file) => {
  if (!Value.Check(Zone, file)) return [];
  const { base_domain: domain } = file.agent;
  const { zone } = file.dns.powerdns;
  if (domain === zone || domain.endsWith(`.${zone}`)) return [];
  return problem(
    'dns.powerdns.zone',
    `found "${zone}", expected agent.base_domain (${domain}) or a domain above it`,
  );
};

const Socket = Type.Object({
  agent: Type.Object({ state_dir: Type.String() }),
  api: Type.Object({ socket: Type.Optional(Type.String()) }),
});
const socketPathFits: Check = (file) => {
  if (!Value.Check(Socket, file)) return [];
  const path = file.api.socket ?? join(file.agent.state_dir, 'innkeeper.sock');
  const length = Buffer.byteLength(path);
  if (length <= SOCKET_PATH_LIMIT) return [];
  return problem(
    'api.socket',
    `found a path of ${length} bytes (${path}), expected at most ${SOCKET_PATH_LIMIT}`,
  );
};

const NginxPorts = Type.Object({
  proxy: Type.Object({
    nginx: Type.Object({
      http_port: Type.Integer(),
      https_port: Type.Integer(),
      status_port: Type.Integer(),
    }),
  }),
});
const portsDiffer: Check = (file) => {
  if (!Value.Check(NginxPorts, file)) return [];
  const { http_port: http, https_port: https, status_port: status } = file.proxy.nginx;
  if (new Set([http, https, status]).size === 3) return [];
  const found = `http_port ${http}, https_port ${https}, status_port ${status}`;
  return problem('proxy.nginx', `found ${found}, expected three different ports`);
};

const Tokens = Type.Object({
  api: Type.Object({ tokens: Type.Array(Type.Object({ name: Type.String() })) }),
});
const tokenNamesDiffer: Check = (file) => {
  if (!Value.Check(Tokens, file)) return [];
  const names = file.api.tokens.map(({ name }) => name);
  return names.flatMap((name, n) =>
    names.indexOf(name) < n
      ? problem(`api.tokens.${n}.name`, `found "${name}" twice, expected names of their own`)
      : [],
  );
};

const Pools = Type.Object({ addresses: Type.Object({ pools: Type.Array(Type.Unknown()) }) });
const poolsAreSound: Check = (file) => {
  if (!Value.Check(Pools, file)) return [];
  const entries = file.addresses.pools.map((entry) => (Value.Check(PoolSchema, entry) ? entry : undefined));
  return poolProblems('addresses.pools', entries);
};

const Words = Type.Object({ name: Type.String(), aliases: Type.Array(Type.String()) });
const Plans = Type.Object({ plans: Type.Array(Words) });
export const planWordsDiffer: Check = (file) =>
  Value.Check(Plans, file)
    ? ambiguousPlans(
        'plans',
        file.plans.map(({ name, aliases }) => [name, ...aliases]),
      )
    : [];

const BothPlans = Type.Object({ plans: Type.Unknown(), plans_file: Type.Unknown() });
const plansStandOnce: Check = (file) =>
  Value.Check(BothPlans, file) ? problem('plans_file', 'found `plans` too, expected one of them') : [];

const Hooks = Type.Object({
  alerts: Type.Object({ hooks: Type.Array(Type.Record(Type.String(), Type.Unknown())) }),
});
const hooksAreSound: Check = (file) => {
  if (!Value.Check(Hooks, file)) return [];
  const { hooks } = file.alerts;
  const names = hooks.map(({ name }) => name);
  return hooks.flatMap(({ name, command, url }, n) => {
    const key = `alerts.hooks.${n}`;
    if ((command === undefined) === (url === undefined))
      return problem(key, `found ${url === undefined ? 'neither' : 'both'}, expected either command or url`);
    return names.indexOf(name) < n ? problem(`${key}.name`, 'found twice, expected names of their own') : [];
  });
};

const CHECKS: readonly Check[] = [
  sshHasItsBlock,
  powerdnsHasItsBlock,
  vmidsAreApart,
  slotsAreLeft,
  zoneHoldsBaseDomain,
  socketPathFits,
  portsDiffer,
  tokenNamesDiffer,
  hooksAreSound,
  poolsAreSound,
  planWordsDiffer,
  plansStandOnce,
];

export function crossProblems(file: unknown): ConfigProblem[] {
  return CHECKS.flatMap((check) => check(file));
}
