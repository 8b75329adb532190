/**
 * Every key of the configuration file: sentence, type, unit, range and default. A driver brings its own, which stand in
 * its folder; the type of the whole is derived in `config.ts`.
 */
import { join } from 'node:path';
import { Type } from 'typebox';
import type { JsonObject } from '../kernel/json.js';
import {
  block,
  byName,
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
import { PERMISSIONS } from '../model/permissions.js';
import { canonicalLocale } from '../model/locale.js';
import { SMALLER_PLAN } from '../model/plan.js';
import { OPTION_NAMES } from '../model/plan-option.js';
import { RESERVED_BY_DEFAULT } from '../model/subdomain.js';
import { DEFAULT_PANEL } from '../kernel/default-panel.js';
import { DEFAULT_PLANS } from './default-plans.js';

const network = text('A network.', { expected: NETWORK_EXPECTED, check: isNetwork });
const name = (description: string, options: { default?: string } = {}) =>
  text(description, {
    pattern: ID,
    expected: '1-64 of letters, digits, ".", "_", "-", not starting with "." or "-"',
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
          : `found ${text.length} characters that are no such key, expected 32 bytes in base64 or hex`,
    }),
  );

const AgentSchema = section('This agent.', {
  id: name(
    'Name of this agent; it stands in the mark on everything it makes, so it must never change, and every agent on one cluster needs its own.',
  ),
  base_domain: text('Every site gets a sub-domain of this domain.', {
    check: isDomain,
    expected: 'a domain name in lower case with at least two labels, like sites.example.net',
  }),
  time_zone: text('Time zone of dates in backup names.', {
    default: 'UTC',
    expected: 'a time zone like Europe/Berlin',
    check: isTimeZone,
  }),
  state_dir: path('Folder of everything the agent must not forget.', 'nothing', {
    default: '/var/lib/innkeeper',
  }),
});

const ApiSchema = section('The REST API.', {
  host: text('Address to listen on.', { default: '127.0.0.1', expected: ADDRESS_EXPECTED, check: isAddress }),
  port: port('TCP port; 0 = any free one.', 0, { default: 8080 }),
  socket: inherited(
    path(
      'Unix socket that the command line talks to (mode 0600); empty = innkeeper.sock in the state folder.',
      'nothing',
      { inherits: { from: 'agent.state_dir', as: (dir) => join(dir, 'innkeeper.sock') } },
    ),
  ),
  tls: optional(
    block('TLS of the API; empty = plain HTTP. Renewed files are taken up within a minute.', {
      cert_file: path('PEM file with the certificate and its chain.', 'certificates'),
      key_file: path('PEM file with the private key.', 'private file', { keyOf: 'cert_file' }),
    }),
  ),
  trusted_proxies: list('Addresses or networks whose X-Forwarded-* headers are believed.', network, {
    default: [],
  }),
  body_limit_bytes: number('Largest request body.', 1024, 16_777_216, { unit: 'bytes', default: 1_048_576 }),
  rate_limit: section(
    'What one token may ask for; orders, deletions, suspensions and upgrades are never refused.',
    {
      main_thread_ms_per_s: number(
        "Time of the agent's main thread, which has 1000 ms in a second for everybody; for a moment eight times as much; 0 = any amount.",
        0,
        1000,
        { unit: 'ms', default: 250 },
      ),
      reads_per_s: number(
        'Questions per second, for a moment twice as many; 0 = any number.',
        0,
        10_000_000,
        { default: 500 },
      ),
      actions_per_minute: number("Customers' actions per minute; 0 = any number.", 0, 10_000_000, {
        default: 600,
      }),
    },
  ),
  tokens: list(
    'API tokens besides those made with `innkeeper token create`, for automated installs.',
    block('An API token.', {
      name: name('Name of the token, in logs and lists.'),
      panel: name('Panel whose services it sees.', { default: DEFAULT_PANEL }),
      permissions: list(`What it may do: ${PERMISSIONS.join(', ')}.`, oneOf('A permission.', PERMISSIONS), {
        minItems: 1,
      }),
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
  aliases: list('Other words that panels send for it; case does not matter.', text('An alias.'), {
    default: [],
  }),
  memory_mb: number('Memory.', 64, 4_194_304, { unit: 'MiB' }),
  swap_mb: number('Swap.', 0, 4_194_304, { unit: 'MiB', default: 512 }),
  disk_gb: number('Root disk.', 1, 65_536, { unit: 'GiB' }),
  cores: number('CPU cores.', 1, 512),
  domains: number('Custom domains a site may have.', 0, 10_000),
  backups: number('Backups a site may have.', 0, 1000),
  options: list(
    'What an order may set in `properties`, as a whole amount or as `+20`: so much more than the plan has.',
    block('An option.', {
      name: oneOf('The field of the plan.', [...OPTION_NAMES]),
      min: optional(number("Least value; empty = the plan's own.", 0, 4_194_304)),
      max: number('Largest value.', 0, 4_194_304),
      step: number("Steps, counted from the plan's own value.", 1, 4_194_304, { default: 1 }),
    }),
    { default: [] },
  ),
});

export const PlansFileSchema = Type.Object(
  { plans: list('The plans.', PlanSchema, { minItems: 1 }) },
  { additionalProperties: false },
);

export const PoolSchema = block('Addresses given to containers.', {
  name: name('Name of the pool.'),
  range: optional(
    text('First and last address given out, e.g. 10.0.1.10-10.0.1.250 (or give `first` and `last`).', {
      pattern: '^\\s*[0-9A-Fa-f:.]+\\s*-\\s*[0-9A-Fa-f:.]+\\s*$',
      expected: 'two addresses with a hyphen between, first-last',
    }),
  ),
  first: optional(text('First address given out.', { expected: ADDRESS_EXPECTED, check: isAddress })),
  last: optional(text('Last address given out.', { expected: ADDRESS_EXPECTED, check: isAddress })),
  prefix: number('Prefix length of the network.', 1, 128),
  gateway: text('Gateway of the containers; it is never given out.', {
    expected: ADDRESS_EXPECTED,
    check: isAddress,
  }),
});

export const ConfigSchema = Type.Object(
  {
    agent: AgentSchema,
    api: ApiSchema,
    log: LogSchema,
    audit: AuditSchema,
    alerts: AlertsSchema,
    state_key: stateKey(
      'Key that secrets in the state are encrypted with: 32 bytes, base64 or hex; empty = made once as secret.key in the state folder.',
    ),
    state_key_former: stateKey(
      'The key before, while `innkeeper state rotate-key` has not said that nothing needs it any more.',
    ),
    container_host: ContainerHostSchema,
    exec: ExecSchema,
    addresses: section('Private addresses of the containers.', {
      pools: list(
        'Pools of addresses; a container gets one of the first pool of each family with room.',
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
      slots: number('Jobs that run at once.', 2, 200, { default: 12 }),
      interactive_slots: number('Of these, kept for jobs that a customer is waiting for.', 1, 100, {
        default: 2,
      }),
      retry_s: number(
        'Time before the second try of a job, half of it at random; doubles with each try. Products may have their own.',
        1,
        600,
        { unit: 'seconds', default: 5 },
      ),
      stop_s: number('Time that running steps get when the agent is stopped.', 1, 300, {
        unit: 'seconds',
        default: 8,
      }),
    }),
    circuits: section(
      'When a system behind the agent counts as dead: it is then left alone but for a probe now and then.',
      {
        failures: number('Calls in a row that got no answer.', 1, 100, { default: 3 }),
        pause_s: number(
          'Time before the first probe; doubles with each that fails, to a minute at most.',
          1,
          60,
          {
            unit: 'seconds',
            default: 5,
          },
        ),
      },
    ),
    create: section('Making sites.', {
      patience_s: number(
        'How long a creation waits for a system that is down before it is given up.',
        60,
        604_800,
        {
          unit: 'seconds',
          default: 21_600,
        },
      ),
      reserved_names: list(
        'Sub-domains that no site gets, besides those that none ever gets, as www, mail and admin.',
        text('A name.', { pattern: LABEL, expected: 'one label of a domain name, in lower case' }),
        { default: [...RESERVED_BY_DEFAULT] },
      ),
    }),
    upgrade: section('Changing plans.', {
      smaller_plan: oneOf(
        'How an upgrade to a plan that is smaller than what is in use is handled: applied as far as possible, or refused.',
        [...SMALLER_PLAN],
        { default: 'apply' },
      ),
    }),
    deletion: section('Deleting sites.', {
      hold_s: number(
        'How long the stopped container of a deleted site is kept, so that the same customer can have it back; 0 = removed at once.',
        0,
        31_536_000,
        { unit: 'seconds', default: 604_800 },
      ),
      brake: number(
        'Deletions within an hour, beyond which each waits until an operator releases it: a guard against a panel gone mad.',
        1,
        1_000_000,
        { default: 20 },
      ),
    }),
    reconcile: section('Comparing what the records say with what is there.', {
      mode: oneOf(
        'What becomes of differences: only told, or what is safe put right too.',
        ['observe', 'repair'],
        { default: 'observe' },
      ),
      every_s: number('How often everything is compared.', 1, 604_800, { unit: 'seconds', default: 900 }),
      confirm_s: number(
        'How long after a first look a second must find the same before it counts.',
        1,
        3600,
        { unit: 'seconds', default: 15 },
      ),
    }),
    plans: optional(
      list(`What can be bought; empty = the shipped plans ${shippedPlans()}.`, PlanSchema, {
        minItems: 1,
      }),
    ),
    panels: byName(
      'Settings of panels, by name.',
      block('A panel.', {
        locale: optional(
          text('Language of customers whose order names none; empty = the product decides.', {
            expected: 'a language tag such as de or pt-BR',
            check: (tag) => canonicalLocale(tag) !== undefined,
            normalize: (tag) => canonicalLocale(tag) ?? tag,
          }),
        ),
      }),
    ),
    plans_file: optional(path('File with the plans instead, with one key `plans`.', 'nothing')),
    modules: section('Modules.', {
      paths: list(
        'Folders searched for <type>/<name>/module.js besides the shipped modules.',
        path('A folder.', 'nothing'),
        {
          default: [],
        },
      ),
      default_product: text('Product of an order that names none.', {
        pattern: LABEL,
        expected: 'the name of a product module',
        default: 'wordpress',
      }),
    }),
    products: byName(
      'By product name, its settings; the product itself says which there are.',
      Type.Unsafe<JsonObject>(Type.Record(Type.String(), Type.Unknown(), { expected: 'settings by name' })),
    ),
  },
  { additionalProperties: false },
);

/** The file's content with defaults filled in. */
export type ConfigFile = Static<typeof ConfigSchema>;
export type PlansFile = Static<typeof PlansFileSchema>;

function shippedPlans(): string {
  const names = DEFAULT_PLANS.map(({ name }) => name);
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
}
