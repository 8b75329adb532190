/** Everything that exists around a service in a test: its container, its secrets, its data and its documents. */
import { AgentError } from '../../../kernel/errors.js';
import type { Json, JsonObject } from '../../../kernel/json.js';
import { Secret } from '../../../kernel/secret.js';
import type { CallerSecrets } from '../../../jobs/effects/module-calls.js';
import type { Snapshot, SnapshotKind } from '../../../model/guest.js';
import type { ContainerLook, ScriptCall, SiteRequestCall } from '../../kit/host-call-types.js';
import type { MailMessage } from '../../kit/mail-types.js';
import type { AlertCall } from '../../kit/module-call-types.js';
import { type FakeCollections, fakeCollections } from './fake-collections.js';
import type { FakeEvent, FakeOptions, FakeTask, Reveal } from './options.js';

export interface World {
  readonly container: FakeContainer;
  /** The objects beside the container, by what operators call them. */
  readonly front: Set<string>;
  readonly secrets: CallerSecrets & { readonly all: ReadonlyMap<string, Secret> };
  readonly cache: Map<string, { readonly value: Json; readonly tags: readonly string[] }>;
  readonly alerts: Map<string, AlertCall>;
  readonly mails: MailMessage[];
  readonly tasks: FakeTask[];
  readonly events: FakeEvent[];
  readonly scripts: ScriptCall[];
  readonly requests: SiteRequestCall[];
  readonly collections: FakeCollections;
  readonly reveal: Reveal;
  /** Stores the text of a secret. */
  readonly seal: (name: string, text: string) => void;
  data(): JsonObject;
  save(values: JsonObject): void;
}

export function makeWorld({ created = false, secrets: given = {}, service }: FakeOptions): World {
  const all = new Map(Object.entries(given).map(([name, value]) => [name, new Secret(value)]));
  const seal = (name: string, text: string): void => void all.set(name, new Secret(text));
  let data: JsonObject = service?.data ?? {};
  return {
    container: fakeContainer(created, service?.guest?.snapshots ?? []),
    front: new Set(created ? ['DNS records', 'proxy host', 'high-availability resource'] : []),
    secrets: {
      all,
      find: async (name) => all.get(name),
      async change(name, fn) {
        all.set(name, fn(all.get(name)));
      },
    },
    ...{ cache: new Map(), alerts: new Map(), mails: [], tasks: [], events: [], scripts: [], requests: [] },
    collections: fakeCollections(seal),
    seal,
    reveal: (text = '') => (typeof text === 'string' ? text : (all.get(text.secret)?.reveal() ?? '')),
    data: () => data,
    save: (values) => {
      data = { ...data, ...values };
    },
  };
}

export interface FakeContainer {
  make(): void;
  power(on: boolean): void;
  halt(): void;
  look(): ContainerLook;
  remove(): void;
  snapshot(name: string, kind: SnapshotKind): void;
  unsnapshot(name: string): void;
  rollback(name: string): void;
  snapshots(): readonly Snapshot[];
  assertMade(): void;
  assertRunning(): void;
}

function fakeContainer(created: boolean, first: readonly Snapshot[]): FakeContainer {
  let state: ContainerLook['power'] = created ? 'running' : 'absent';
  let taken = first;
  const assertMade = (): void => {
    if (state === 'absent') throw missing('the container does not exist');
  };
  return {
    assertMade,
    assertRunning() {
      if (state !== 'running') throw missing(`the container is ${state}`);
    },
    make() {
      if (state === 'absent') state = 'stopped';
    },
    power(on) {
      assertMade();
      state = on ? 'running' : 'stopped';
    },
    halt() {
      if (state === 'running') state = 'stopped';
    },
    look: () => ({ power: state, diskGb: state === 'absent' ? 0 : 20 }),
    remove() {
      state = 'absent';
      taken = [];
    },
    snapshot(name, kind) {
      assertMade();
      if (taken.some((one) => one.name === name)) return;
      taken = [...taken, { name, kind, createdAt: new Date(0).toISOString() }];
    },
    unsnapshot(name) {
      taken = taken.filter((one) => one.name !== name);
    },
    rollback(name) {
      assertMade();
      if (!taken.some((one) => one.name === name)) throw missing(`there is no snapshot "${name}"`);
      state = 'stopped';
    },
    snapshots: () => taken,
  };
}

function missing(detail: string): AgentError {
  return new AgentError('container_host_failed', 'The container host reported a failure.', { detail });
}
