/** Rules that several keys must fulfill together. The rules for a driver's keys are in the driver's folder. */
import { join } from 'node:path';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { DRIVERS } from '../drivers/registry.js';
import { type ConfigCheck, driverChecks, problem } from './driver-part.js';
import type { ConfigProblem } from './error.js';
import { ambiguousPlans } from './plans.js';
import { poolProblems } from './pools.js';
import { PoolSchema } from './schema.js';

/** The system's limit for the path of a unix socket, in bytes, without the final zero byte. */
const SOCKET_PATH_LIMIT = 107;

const Slots = Type.Object({
  jobs: Type.Object({ slots: Type.Integer(), interactive_slots: Type.Integer() }),
});
const slotsAreLeft: ConfigCheck = (file) =>
  Value.Check(Slots, file) && file.jobs.interactive_slots >= file.jobs.slots
    ? problem(
        'jobs.interactive_slots',
        `found ${file.jobs.interactive_slots}, expected less than jobs.slots (${file.jobs.slots})`,
      )
    : [];

const Socket = Type.Object({
  agent: Type.Object({ state_dir: Type.String() }),
  api: Type.Object({ socket: Type.Optional(Type.String()) }),
});
const socketPathFits: ConfigCheck = (file) => {
  if (!Value.Check(Socket, file)) return [];
  const path = file.api.socket ?? join(file.agent.state_dir, 'innkeeper.sock');
  const length = Buffer.byteLength(path);
  if (length <= SOCKET_PATH_LIMIT) return [];
  return problem(
    'api.socket',
    `found a path of ${length} bytes (${path}), expected at most ${SOCKET_PATH_LIMIT}`,
  );
};

const Tokens = Type.Object({
  api: Type.Object({ tokens: Type.Array(Type.Object({ name: Type.String() })) }),
});
const tokenNamesDiffer: ConfigCheck = (file) => {
  if (!Value.Check(Tokens, file)) return [];
  const names = file.api.tokens.map(({ name }) => name);
  return names.flatMap((name, n) =>
    names.indexOf(name) < n
      ? problem(`api.tokens.${n}.name`, `found "${name}" twice, expected unique names`)
      : [],
  );
};

const Pools = Type.Object({ addresses: Type.Object({ pools: Type.Array(Type.Unknown()) }) });
const poolsAreSound: ConfigCheck = (file) => {
  if (!Value.Check(Pools, file)) return [];
  const entries = file.addresses.pools.map((entry) => (Value.Check(PoolSchema, entry) ? entry : undefined));
  return poolProblems('addresses.pools', entries);
};

const Words = Type.Object({ name: Type.String(), aliases: Type.Array(Type.String()) });
const Plans = Type.Object({ plans: Type.Array(Words) });
export const planWordsDiffer: ConfigCheck = (file) =>
  Value.Check(Plans, file)
    ? ambiguousPlans(
        'plans',
        file.plans.map(({ name, aliases }) => [name, ...aliases]),
      )
    : [];

const BothPlans = Type.Object({ plans: Type.Unknown(), plans_file: Type.Unknown() });
const plansStandOnce: ConfigCheck = (file) =>
  Value.Check(BothPlans, file)
    ? problem('plans_file', 'found both `plans` and `plans_file`, expected only one of them')
    : [];

const Hooks = Type.Object({
  alerts: Type.Object({ hooks: Type.Array(Type.Record(Type.String(), Type.Unknown())) }),
});
const hooksAreSound: ConfigCheck = (file) => {
  if (!Value.Check(Hooks, file)) return [];
  const { hooks } = file.alerts;
  const names = hooks.map(({ name }) => name);
  return hooks.flatMap(({ name, command, url }, n) => {
    const key = `alerts.hooks.${n}`;
    if ((command === undefined) === (url === undefined))
      return problem(key, `found ${url === undefined ? 'neither' : 'both'}, expected either command or url`);
    return names.indexOf(name) < n
      ? problem(`${key}.name`, 'found the same name twice, expected unique names')
      : [];
  });
};

const CHECKS: readonly ConfigCheck[] = [
  ...Object.entries(DRIVERS).flatMap(([section, drivers]) => driverChecks(section, drivers)),
  slotsAreLeft,
  socketPathFits,
  tokenNamesDiffer,
  hooksAreSound,
  poolsAreSound,
  planWordsDiffer,
  plansStandOnce,
];

export function crossProblems(file: unknown): ConfigProblem[] {
  return CHECKS.flatMap((check) => check(file));
}
