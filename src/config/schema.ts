/**
 * Every key of the configuration file: description, type, unit, range and default. The keys of a driver are in the
 * driver's folder; `config.ts` derives the type of the whole configuration.
 */
import { join } from 'node:path';
import { Type } from 'typebox';
import type { JsonObject } from '../kernel/json.js';
import {
  block,
  byName,
  flag,
  inherited,
  list,
  number,
  oneOf,
  optional,
  path,
  secret,
  section,
  text,
} from './building-blocks.js';
import type { Static } from './building-blocks.js';
import {
  ADDRESS_EXPECTED,
  ID,
  LABEL,
  NETWORK_EXPECTED,
  isAddress,
  isDomain,
  isNetwork,
  isTimeZone,
} from './patterns.js';
import { DomainsSchema } from './schema-domains.js';
import { AlertsSchema, AuditSchema, LogSchema } from './schema-telemetry.js';
import { DnsSchema } from '../drivers/dns/section.js';
import { ExecSchema } from '../drivers/exec/section.js';
import { ContainerHostSchema } from '../drivers/guest/section.js';
import { ProxySchema } from '../drivers/proxy/section.js';
import { decodeKey } from '../kernel/key-text.js';
import { isPermission, PERMISSIONS } from '../model/permissions.js';
import { SERVER_WORD } from '../model/server.js';
import { canonicalLocale } from '../model/locale.js';
import { SMALLER_PLAN } from '../model/plan.js';
import { RESERVED_BY_DEFAULT } from '../model/subdomain.js';
import { DEFAULT_PANEL } from '../kernel/default-panel.js';
import { DEFAULT_PLANS } from './default-plans.js';

const network = text('A network.', { expected: NETWORK_EXPECTED, check: isNetwork });
const name = (description: string, options: { default?: string } = {}) =>
  text(description, {
    pattern: ID,
    expected: '1 to 64 letters, digits, dots, underscores or hyphens, not starting with a dot or hyphen',
    ...options,
  });
const port = (description: string, first: 0 | 1, options: { default?: number } = {}) =>
  number(description, first, 65_535, options);

const MIN_TOKEN_LENGTH = 20;

const stateKey = (description: string) =>
  optional(
    secret(description, {
      problem: (text) =>
        decodeKey(text)
          ? undefined
          : `found ${text.length} characters that are not a valid key, expected 32 bytes in base64 or hex`,
    }),
  );

const AgentSchema = section('This agent.', {
  id: name(
    'ID of this agent. It is part of the mark on everything the agent creates, so it must never change. ' +
      'Each agent on a cluster needs its own ID.',
  ),
  base_domain: text('Parent domain of all sites: every site gets a subdomain of it.', {
    check: isDomain,
    expected: 'a domain name in lower case with at least two labels, like sites.example.net',
  }),
  time_zone: text('Time zone of dates in backup names.', {
    default: 'UTC',
    expected: 'a time zone like Europe/Berlin',
    check: isTimeZone,
  }),
  state_dir: path("Folder of the agent's persistent state.", 'nothing', {
    default: '/var/lib/innkeeper',
  }),
});

const ApiSchema = section('The REST API.', {
  host: text('Address to listen on.', { default: '127.0.0.1', expected: ADDRESS_EXPECTED, check: isAddress }),
  port: port('TCP port; 0 = any free port.', 0, { default: 8080 }),
  socket: inherited(
    path(
      'Unix socket for the command line (mode 0600); empty = innkeeper.sock in the state folder.',
      'nothing',
      { inherits: { from: 'agent.state_dir', as: (dir) => join(dir, 'innkeeper.sock') } },
    ),
  ),
  tls: optional(
    block('TLS for the API; empty = plain HTTP. Renewed certificate files are loaded within a minute.', {
      cert_file: path('PEM file with the certificate and its chain.', 'certificates'),
      key_file: path('PEM file with the private key.', 'private file', { keyOf: 'cert_file' }),
    }),
  ),
  trusted_proxies: list('Addresses or networks whose X-Forwarded-* headers are trusted.', network, {
    default: [],
  }),
  body_limit_bytes: number('Maximum size of a request body.', 1024, 16_777_216, {
    unit: 'bytes',
    default: 1_048_576,
  }),
  rate_limit: section('Limits per token. Orders, deletions, suspensions and upgrades are not limited.', {
    main_thread_ms_per_s: number(
      'Time on the main thread that one token may use per second, with bursts of up to eight times ' +
        'as much. All tokens share 1000 ms. 0 = no limit.',
      0,
      1000,
      { unit: 'ms', default: 250 },
    ),
    reads_per_s: number(
      'Read requests per second, with bursts of up to twice as many; 0 = no limit.',
      0,
      10_000_000,
      { default: 500 },
    ),
    actions_per_minute: number('Customer actions per minute; 0 = no limit.', 0, 10_000_000, {
      default: 600,
    }),
  }),
  tokens: list(
    'API tokens for automated installations, in addition to those from `innkeeper token create`.',
    block('An API token.', {
      name: name('Name of the token in logs and lists.'),
      panel: name('Panel whose services the token can access.', { default: DEFAULT_PANEL }),
      permissions: list(
        `Permissions of the token: ${PERMISSIONS.join(', ')}. A permission of a module is module:<type>/<name>:<key>.`,
        text('A permission.', {
          check: isPermission,
          expected: `one of ${PERMISSIONS.join(', ')}, or a permission of a module such as module:plugin/monitoring:view`,
        }),
        {
          minItems: 1,
        },
      ),
      secret: secret('The token itself, at least 20 characters.', {
        problem: (text) =>
          text.length < MIN_TOKEN_LENGTH
            ? `found ${text.length} characters, expected at least ${MIN_TOKEN_LENGTH}`
            : undefined,
      }),
    }),
    { default: [] },
  ),
});

export const PlanSchema = block('A plan.', {
  name: text('Name of the plan, in lower case.', {
    pattern: '^[a-z0-9][a-z0-9._-]{0,63}$',
    expected: 'lower-case letters, digits, ".", "_", "-"',
  }),
  aliases: list('Other names that panels send for the plan; case-insensitive.', text('An alias.'), {
    default: [],
  }),
  module: optional(
    text('Product module of the plan; empty = any product, by default `modules.default_product`.', {
      pattern: LABEL,
      expected: 'the name of a product module',
    }),
  ),
  server_group: optional(
    text('Group of servers on which the product creates accounts; empty = `default`.', {
      pattern: SERVER_WORD,
      expected: 'the name of a group of servers',
    }),
  ),
  memory_mb: optional(number('Memory of the container.', 64, 4_194_304, { unit: 'MiB' })),
  swap_mb: number('Swap.', 0, 4_194_304, { unit: 'MiB', default: 512 }),
  disk_gb: optional(number('Root disk.', 1, 65_536, { unit: 'GiB' })),
  cores: optional(number('CPU cores.', 1, 512)),
  domains: optional(number('Maximum number of custom domains per site.', 0, 10_000)),
  backups: optional(number('Maximum number of backups per site.', 0, 1000)),
  pools: list(
    'Address pools of the containers; empty = all pools without `plans_only`.',
    name('Name of a pool.'),
    { default: [] },
  ),
  location: optional(
    name('Location of the containers (`container_host.proxmox.locations`); empty = every node.'),
  ),
  data: optional(
    Type.Unsafe<JsonObject>(
      Type.Record(Type.String(), Type.Unknown(), {
        description: 'Product data of the plan. The module defines the keys.',
        expected: 'values by name',
      }),
    ),
  ),
  options: list(
    'Options that an order may set in `properties`: as a total, or as an increase over the plan such as `+20`.',
    block('An option.', {
      name: text('Field of the plan that the option sets, or the key of a number in `data`.', {
        pattern: '^[A-Za-z][A-Za-z0-9_]{0,63}$',
        expected: 'letters, digits and "_"',
      }),
      min: optional(number("Smallest value; empty = the plan's own value.", 0, 4_194_304)),
      max: number('Largest value.', 0, 4_194_304),
      step: number("Step between values, counted from the plan's own value.", 1, 4_194_304, { default: 1 }),
    }),
    { default: [] },
  ),
});

export const PlansFileSchema = Type.Object(
  { plans: list('The plans.', PlanSchema, { minItems: 1 }) },
  { additionalProperties: false },
);

export const PoolSchema = block('Addresses for containers.', {
  name: name('Name of the pool.'),
  range: optional(
    text('First and last address of the pool, e.g. 10.0.1.10-10.0.1.250 (or use `first` and `last`).', {
      pattern: '^\\s*[0-9A-Fa-f:.]+\\s*-\\s*[0-9A-Fa-f:.]+\\s*$',
      expected: 'two addresses with a hyphen between, first-last',
    }),
  ),
  first: optional(text('First address of the pool.', { expected: ADDRESS_EXPECTED, check: isAddress })),
  last: optional(text('Last address of the pool.', { expected: ADDRESS_EXPECTED, check: isAddress })),
  prefix: number('Prefix length of the network.', 1, 128),
  gateway: text('Gateway of the containers. This address is never assigned to a container.', {
    expected: ADDRESS_EXPECTED,
    check: isAddress,
  }),
  bridge: optional(
    text("Bridge of the pool's network; empty = the bridge of all containers.", {
      pattern: '^[A-Za-z0-9._-]{1,15}$',
      expected: 'the name of a bridge',
    }),
  ),
  vlan: optional(
    number(
      "VLAN tag of the pool's network; empty = untagged if the pool has a bridge, otherwise as for all containers.",
      1,
      4094,
    ),
  ),
  plans_only: flag('Whether only plans that name the pool in `pools` get its addresses.', { default: false }),
});

export const ConfigSchema = Type.Object(
  {
    agent: AgentSchema,
    api: ApiSchema,
    log: LogSchema,
    audit: AuditSchema,
    alerts: AlertsSchema,
    state_key: stateKey(
      'Key that encrypts the secrets in the state: 32 bytes in base64 or hex; empty = the agent ' +
        'creates secret.key in the state folder.',
    ),
    state_key_former: stateKey(
      'The previous encryption key. Keep it until `innkeeper state rotate-key` reports that it is no longer needed.',
    ),
    container_host: ContainerHostSchema,
    exec: ExecSchema,
    addresses: section('Private addresses of the containers.', {
      pools: list(
        'Address pools. A container gets one address of each family, from the first pool with a free address.',
        PoolSchema,
        {
          minItems: 1,
        },
      ),
    }),
    dns: DnsSchema,
    proxy: ProxySchema,
    domains: DomainsSchema,
    jobs: section('The job engine.', {
      slots: number('Maximum number of jobs that run at the same time.', 2, 200, { default: 12 }),
      interactive_slots: number(
        'Number of `slots` that are reserved for jobs that a customer is waiting for.',
        1,
        100,
        {
          default: 2,
        },
      ),
      retry_s: number(
        'Delay before the second attempt of a job, half of it random; it doubles with each attempt. ' +
          'Products may set a different delay.',
        1,
        600,
        { unit: 'seconds', default: 5 },
      ),
      stop_s: number('Time allowed for running steps to finish when the agent stops.', 1, 300, {
        unit: 'seconds',
        default: 8,
      }),
    }),
    circuits: section(
      'Circuit breakers: when a system counts as unreachable. The agent sends only occasional probes ' +
        'to such a system.',
      {
        failures: number(
          'Number of consecutive requests without a response after which a system counts as unreachable.',
          1,
          100,
          { default: 3 },
        ),
        pause_s: number(
          'Delay before the first probe; it doubles with each failed probe, up to a minute.',
          1,
          60,
          {
            unit: 'seconds',
            default: 5,
          },
        ),
      },
    ),
    create: section('Creating sites.', {
      patience_s: number(
        'How long the creation of a site waits for an unreachable system before the creation fails.',
        60,
        604_800,
        {
          unit: 'seconds',
          default: 21_600,
        },
      ),
      reserved_names: list(
        'Additional subdomains that no site may use, besides the built-in ones such as www, mail and admin.',
        text('A name.', { pattern: LABEL, expected: 'one label of a domain name, in lower case' }),
        { default: [...RESERVED_BY_DEFAULT] },
      ),
    }),
    upgrade: section('Changing plans.', {
      smaller_plan: oneOf(
        'What happens if the requested plan allows less than the service uses: `apply` applies the ' +
          'plan as far as possible; `refuse` refuses the upgrade.',
        [...SMALLER_PLAN],
        { default: 'apply' },
      ),
    }),
    deletion: section('Deleting sites.', {
      hold_s: number(
        'How long the stopped container of a deleted site is kept, so that the same customer can restore it; ' +
          '0 = removed immediately.',
        0,
        31_536_000,
        { unit: 'seconds', default: 604_800 },
      ),
      brake: number(
        'Maximum number of deletions per hour. Further deletions wait until an operator releases them. ' +
          'This limit protects against a faulty panel.',
        1,
        1_000_000,
        { default: 20 },
      ),
    }),
    reconcile: section('Comparing the records with the actual state.', {
      mode: oneOf(
        '`observe` only reports differences; `repair` also repairs those that can be repaired safely.',
        ['observe', 'repair'],
        { default: 'observe' },
      ),
      every_s: number('Interval between full comparisons.', 1, 604_800, { unit: 'seconds', default: 900 }),
      confirm_s: number(
        'Minimum time between the scan that finds a difference and the scan that confirms the difference.',
        1,
        3600,
        {
          unit: 'seconds',
          default: 15,
        },
      ),
    }),
    plans: optional(
      list(`Plans for sale; empty = the built-in plans ${shippedPlans()}.`, PlanSchema, {
        minItems: 1,
      }),
    ),
    panels: byName(
      'Settings of panels, by name.',
      block('A panel.', {
        locale: optional(
          text('Language of customers whose order does not set a language; empty = the product decides.', {
            expected: 'a language tag such as de or pt-BR',
            check: (tag) => canonicalLocale(tag) !== undefined,
            normalize: (tag) => canonicalLocale(tag) ?? tag,
          }),
        ),
      }),
    ),
    plans_file: optional(
      path(
        'File that contains the plans under the single key `plans`. Set either `plans_file` or `plans`.',
        'nothing',
      ),
    ),
    modules: section('Modules.', {
      paths: list(
        'Folders that are searched for <type>/<name>/module.js, besides the built-in modules.',
        path('A folder.', 'nothing'),
        {
          default: [],
        },
      ),
      job_heap_mb: number('JavaScript heap of one job. A job that needs more heap crashes.', 32, 4096, {
        unit: 'MiB',
        default: 128,
      }),
      job_memory_mb: number(
        'Total memory of the process that runs one job of a third-party module.',
        128,
        16_384,
        { unit: 'MiB', default: 512 },
      ),
      request_processes: number(
        'Number of processes that handle requests of modules (API routes, webhooks). Each module uses at most one.',
        1,
        32,
        { default: 4 },
      ),
      request_timeout_s: number('Time limit for one request of a module.', 1, 20, {
        unit: 'seconds',
        default: 15,
      }),
      default_product: text('Product of an order that does not name one.', {
        pattern: LABEL,
        expected: 'the name of a product module',
        default: 'wordpress',
      }),
      inspect_every_s: number(
        'Interval between two inspections of the accounts on a server of a module.',
        1,
        86_400,
        { unit: 'seconds', default: 300 },
      ),
      read_timeout_s: number('Time limit for loading a new version of a third-party module.', 1, 600, {
        unit: 'seconds',
        default: 10,
      }),
    }),
    products: byName(
      'Settings of products, by product name. Each product defines its own keys.',
      Type.Unsafe<JsonObject>(Type.Record(Type.String(), Type.Unknown(), { expected: 'settings by name' })),
    ),
  },
  { additionalProperties: false },
);

/** The content of the file with defaults filled in. */
export type ConfigFile = Static<typeof ConfigSchema>;
export type PlansFile = Static<typeof PlansFileSchema>;

function shippedPlans(): string {
  const names = DEFAULT_PLANS.map(({ name }) => name);
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
}
