/**
 * The description of an operation: its preparation, its requests, and what must hold when it is done or undone.
 */
import type { Fault } from '../../src/sandbox/environment.js';
import type { Picture, ServiceOnDisk } from './picture.js';
import type { World } from '../fakes/world-kinds.js';
import { type Answer, type Call, planName, type Rig } from './harness.js';

export interface Operation {
  readonly name: string;
  /** Default: sites from a template, deleted at once. */
  readonly world?: World;
  /** Active from the request to the end of the job, so that the operation fails. */
  readonly fault?: Fault;
  /** The operation starts without a service. */
  readonly fresh?: true;
  /** A second call right after the first, without waiting for its job. */
  readonly also?: (service: Subject, first: Answer) => Call;
  /** Not concurrent with others, since its fault affects all operations. */
  readonly alone?: true;
  /** Only deaths at points whose name matches; absent: at all points. */
  readonly only?: RegExp;
  /** The second call waits until this step of the first one's job is done. */
  readonly midway?: string;
  /** Brings the service into the state in which the operation can begin. */
  ready?(rig: Rig, service: Subject): Promise<void>;
  readonly call: (service: Subject) => Call;
  /** Codes of refusals which mean that the repeated call has already been performed. */
  readonly already?: readonly string[];
  /** Whether the operation's promise is kept. */
  done(after: ServiceOnDisk, before: ServiceOnDisk | undefined, subject: Subject, world: Picture): boolean;
  /** It usually ends undone, with this status. */
  readonly fails?: 'failed' | 'cancelled';
  /** Whether the container runs in the end; absent: as before. `any`: either is right. */
  readonly leaves?: boolean | 'any';
}

/** The requests to send one after the other; each may need the previous responses. */
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
  /** Number of this try: its domains, plans and keys are unique. */
  readonly n: number;
  /** The service before the operation. */
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

/** Deleted, and nothing is kept. */
export const isGone = ({ lifecycle, vmid }: ServiceOnDisk): boolean =>
  lifecycle === 'terminated' && vmid === null;

/** Undone, and nothing is kept. */
export const isUnmade = ({ lifecycle, vmid }: ServiceOnDisk): boolean =>
  lifecycle === 'failed' && vmid === null;

/** Deleted, and its container kept for a while. */
export const isKept = ({ lifecycle, vmid }: ServiceOnDisk): boolean =>
  lifecycle === 'terminated' && vmid !== null;
