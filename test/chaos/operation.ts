/**
 * What the harness knows of an operation: how it is brought about, what is called, and what must be true when it is
 * done, or undone.
 */
import type { Fault } from '../../src/sandbox/environment.js';
import type { Picture, ServiceOnDisk } from './picture.js';
import type { World } from '../fakes/world-kinds.js';
import { type Answer, type Call, planName, type Rig } from './harness.js';

export interface Operation {
  readonly name: string;
  /** Default: sites from a template, deleted at once. */
  readonly world?: World;
  /** In force from the call to the job's end: the operation is to fail. */
  readonly fault?: Fault;
  /** The service needs none yet. */
  readonly fresh?: true;
  /** A second call right behind the first, whose job is not waited for. */
  readonly also?: (service: Subject, first: Answer) => Call;
  /** Not beside others: what it needs goes wrong for everybody. */
  readonly alone?: true;
  /** Only deaths at points whose name fits; absent: at all. */
  readonly only?: RegExp;
  /** The second call waits until this step of the first one's job is done. */
  readonly midway?: string;
  /** Brings the service to where the operation may begin. */
  ready?(rig: Rig, service: Subject): Promise<void>;
  readonly call: (service: Subject) => Call;
  /** Refusals that say that the repeated call has been carried out already. */
  readonly already?: readonly string[];
  /** Whether the operation's promise is kept. */
  done(after: ServiceOnDisk, before: ServiceOnDisk | undefined, subject: Subject, world: Picture): boolean;
  /** It ends undone as a rule, in this status. */
  readonly fails?: 'failed' | 'cancelled';
  /** Whether the container runs in the end; absent: as before. `any`: either is right. */
  readonly leaves?: boolean | 'any';
}

/** What is to be sent, one after the other; each may need the answers before it. */
export function callsOf(
  { call, also }: Operation,
  subject: Subject,
): ((answers: readonly Answer[]) => Call)[] {
  const first = (): Call => call(subject);
  const second = ([answer = { status: 0, body: {} }]: readonly Answer[]): Call =>
    also ? also(subject, answer) : call(subject);
  return also ? [first, second] : [first];
}

/** The service that an operation is tried on. */
export interface Subject {
  readonly id: string;
  /** Of this try: domains, plans and keys are its own. */
  readonly n: number;
  /** As it stood before. */
  readonly before?: ServiceOnDisk | undefined;
  /** Whether its container ran. */
  readonly ran?: boolean;
}

export const ASYNC: Readonly<Record<string, string>> = { prefer: 'respond-async' };

export const keyed = (service: Subject): Readonly<Record<string, string>> => ({
  ...ASYNC,
  'idempotency-key': `try-${service.id}-${service.n}`,
});

export const emailOf = ({ id }: Subject): string => `${id}@example.com`;

export const order = (service: Subject): Call => ({
  path: '/create-site',
  body: {
    service_id: service.id,
    email: emailOf(service),
    plan: planName(0),
    public_ip: '203.0.113.10',
    user_id: service.id,
  },
});

export const act = (path: string, service: Subject, more: object = {}, headers = ASYNC): Call => ({
  path,
  body: { service_id: service.id, ...more },
  headers,
});

export const domainOf = ({ n }: Subject): string => `chaos${n}.org`;

export const backupsOf = (service: ServiceOnDisk | undefined): string[] =>
  (service?.snapshots ?? []).filter(({ kind }) => kind === 'backup').map(({ name }) => name);

export const snapshotNames = (service: ServiceOnDisk | undefined): string[] =>
  service?.snapshots.map(({ name }) => name) ?? [];

export const same = (a: readonly string[], b: readonly string[]): boolean =>
  [...a].sort().join() === [...b].sort().join();

export const isMade = (service: ServiceOnDisk): boolean =>
  service.lifecycle === 'active' && same(snapshotNames(service), ['initial']);

/** Deleted, and nothing of it kept. */
export const isGone = ({ lifecycle, vmid }: ServiceOnDisk): boolean =>
  lifecycle === 'terminated' && vmid === null;

/** Taken back, and nothing of it kept. */
export const isUnmade = ({ lifecycle, vmid }: ServiceOnDisk): boolean =>
  lifecycle === 'failed' && vmid === null;

/** Deleted, and its container kept for a while. */
export const isKept = ({ lifecycle, vmid }: ServiceOnDisk): boolean =>
  lifecycle === 'terminated' && vmid !== null;
