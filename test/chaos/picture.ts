/** A view of everything: the agent's records on disk, and the environment's state, each read at its source. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Static, type TSchema, Type } from 'typebox';
import { Value } from 'typebox/value';
import { flatDocument } from '../fakes/parts.js';
import type { Rig } from './harness.js';

const Text = Type.String();
const Texts = Type.Record(Text, Text);
const Count = Type.Integer();
const nullable = <S extends TSchema>(schema: S) => Type.Union([schema, Type.Null()]);

const ServiceOnDisk = Type.Object({
  id: Text,
  generation: Count,
  lifecycle: Text,
  deletion: nullable(Type.Object({ purgeAt: Text })),
  email: Text,
  plan: Type.Object({
    name: Text,
    memoryMb: Count,
    swapMb: Count,
    diskGb: Count,
    cores: Count,
    domains: Count,
    backups: Count,
  }),
  subdomain: Text,
  fqdn: Text,
  addresses: Type.Array(Type.Object({ address: Text })),
  vmid: nullable(Count),
  node: nullable(Text),
  snapshots: Type.Array(Type.Object({ name: Text, kind: Text })),
  suspendedFor: Type.Array(Text),
  domains: Type.Array(
    Type.Object({ domain: Text, www: Type.Boolean(), certificate: Type.Object({ state: Text }) }),
  ),
  primaryDomain: Text,
  proxyEnabled: Type.Boolean(),
  data: Type.Record(Text, Type.Unknown()),
  /** Sealed. */
  secrets: Type.Record(Text, Type.Unknown()),
  jobs: Type.Array(
    Type.Object({ id: Text, method: Text, status: Text, crashes: Count, endedAt: nullable(Text) }),
  ),
  events: Type.Optional(Type.Array(Type.Object({ id: Text, type: Text }))),
});
export type ServiceOnDisk = Static<typeof ServiceOnDisk>;

const DomainOnDisk = Type.Object({
  id: Text,
  domain: Text,
  service: nullable(Text),
  certificate: nullable(Type.Object({ names: Type.Array(Text) })),
});

const ZoneOnDisk = Type.Object({
  zone: Text,
  making: Type.Optional(Type.Boolean()),
  goneAt: Type.Optional(Text),
});

const SiteOnDisk = Type.Object({
  mark: Type.Object({ service: Text, generation: Count }),
  names: Type.Array(Text),
  upstream: Type.Object({ address: Text, port: Count }),
  state: Text,
});

const EventTold = Type.Object({
  id: Text,
  type: Text,
  service_id: Text,
  data: Type.Object({ job_id: Type.Optional(Text) }),
});

const ArchivedJob = Type.Object({ archived: Text, job: Type.Object({ status: Text }) });

const RecordSets = Type.Array(
  Type.Object({ name: Text, type: Text, records: Type.Array(Type.Object({ content: Text })) }),
);

const WorldView = Type.Object({
  containers: Type.Array(
    Type.Object({
      vmid: Count,
      node: Text,
      config: Texts,
      snapshots: Type.Record(Text, Type.Unknown()),
      running: Type.Boolean(),
    }),
  ),
  /** Running tasks. */
  tasks: Count,
  ha: Type.Object({
    resources: Type.Record(Text, Type.Object({ options: Texts, state: Type.Optional(Text) })),
    rules: Type.Record(Text, Texts),
  }),
  records: RecordSets,
  /** Customers' zones. */
  zones: Type.Array(Type.Object({ name: Text, account: Text, records: RecordSets })),
  /** What the proxy serves, by host name. */
  sites: Type.Record(Text, Type.Object({ state: Text, address: Text, port: Count })),
  certificates: Type.Record(Text, Type.Object({ certFile: Text })),
});
export type WorldView = Static<typeof WorldView>;

export interface Picture {
  readonly services: readonly ServiceOnDisk[];
  readonly domains: readonly Static<typeof DomainOnDisk>[];
  readonly zones: readonly Static<typeof ZoneOnDisk>[];
  /** The proxy driver's own records. */
  readonly sites: readonly Static<typeof SiteOnDisk>[];
  /** Ids of the jobs in the archive. */
  readonly archived: ReadonlySet<string>;
  /** All entries of the event log. */
  readonly events: readonly Static<typeof EventTold>[];
  /** Files in the agent's and the proxy's folder, as relative paths. */
  readonly files: readonly string[];
  readonly world: WorldView;
}

export async function takePicture(rig: Rig): Promise<Picture> {
  const { stateDir } = rig;
  const [agent, proxy] = await Promise.all([
    filesIn(join(stateDir, 'agent')),
    filesIn(join(stateDir, 'proxy')),
  ]);
  const documents = async <S extends TSchema>(
    folder: string,
    files: readonly string[],
    part: string,
    schema: S,
  ): Promise<Static<S>[]> => {
    const wanted = files.filter((file) => file.startsWith(part) && file.endsWith('.json'));
    const values = await Promise.all(wanted.map((file) => readJson(join(stateDir, folder, file))));
    return values.filter((value) => value !== undefined).map((value) => checked(schema, value));
  };
  const [services, domains, zones, sites, world] = await Promise.all([
    documents('agent', agent, 'services/', ServiceOnDisk),
    documents('agent', agent, 'domains/', DomainOnDisk),
    documents('agent', agent, 'zones/', ZoneOnDisk),
    documents('proxy', proxy, 'sites/', SiteOnDisk),
    rig.control('GET', '/world'),
  ]);
  // Read after the documents: a running daemon writes the archive before the document, so a job that has ended in a
  // document is in the archive by now.
  const [archived, events] = await Promise.all([
    logIn(stateDir, 'archive', ArchivedJob),
    logIn(stateDir, 'events', EventTold),
  ]);
  return {
    services,
    domains,
    zones,
    sites,
    archived: new Set(archived.map(({ archived: id }) => id)),
    events,
    files: [...agent, ...proxy.map((file) => `proxy/${file}`)],
    world: checked(WorldView, world),
  };
}

/** The service's document, or undefined while it does not exist. */
export function serviceIn({ services }: Picture, id: string): ServiceOnDisk | undefined {
  return services.find((service) => service.id === id);
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

/** Undefined: it was removed in the meantime. */
async function readJson(file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  const value: unknown = text === undefined ? undefined : JSON.parse(text);
  return typeof value === 'object' && value !== null ? flatDocument({ ...value }) : value;
}

/** The entries of all files of a log. */
async function logIn<S extends TSchema>(stateDir: string, log: string, schema: S): Promise<Static<S>[]> {
  const folder = join(stateDir, 'agent', log);
  const files = existsSync(folder) ? await filesIn(folder) : [];
  return linesIn(
    files.map((file) => join(folder, file)),
    schema,
  );
}

/** Torn lines are skipped. */
async function linesIn<S extends TSchema>(files: readonly string[], schema: S): Promise<Static<S>[]> {
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  return texts
    .join('\n')
    .split('\n')
    .flatMap((line) => {
      try {
        const value: unknown = JSON.parse(line);
        return Value.Check(schema, value) ? [value] : [];
      } catch {
        return [];
      }
    });
}

function checked<S extends TSchema>(schema: S, value: unknown): Static<S> {
  if (Value.Check(schema, value)) return value;
  const [first] = Value.Errors(schema, value);
  throw new Error(
    `${first?.instancePath ?? ''} ${first?.message ?? ''}: ${JSON.stringify(value).slice(0, 500)}`,
  );
}
