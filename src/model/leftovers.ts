/**
 * Lists what a stopped job has left behind, based on the steps in its journal. The list exists in two wordings, one for
 * operators and one for customers.
 */
import { servedNames } from './domain-name.js';
import type { Remain, StepShape, StepStatus, Thing } from './flow.js';
import type { Job } from './job.js';
import type { Service } from './service.js';

/**
 * Lists one leftover per unfinished step. During an undo, a step is unfinished if it has begun and is not yet undone.
 * Otherwise, a step is unfinished if it is not done. Skipped steps are ignored.
 */
export function leftoversOf(service: Service, job: Pick<Job, 'steps' | 'direction' | 'args'>): Remain[] {
  return job.steps.filter((step) => isLeft(step, job.direction)).map((step) => remain(service, job, step));
}

export function isLeft(
  step: StepShape & { readonly status: StepStatus; readonly begun: number },
  direction: Job['direction'],
): boolean {
  if (step.status === 'skipped') return false;
  if (direction === 'forward') return step.status !== 'done';
  return step.undoable && step.begun > 0 && step.status !== 'undone';
}

function remain(service: Service, job: Pick<Job, 'args'>, { name, concerns }: StepShape): Remain {
  const what = concerns ? describe(service, job, concerns) : `the result of the step ${name}`;
  return { step: name, thing: concerns ?? null, what };
}

function describe(service: Service, { args }: Pick<Job, 'args'>, thing: Thing): string {
  const { guest, site } = service;
  const container = `container ${guest?.vmid ?? '(no number)'}`;
  switch (thing) {
    case 'container':
      return `${container} on ${guest?.node ?? '(no node)'}`;
    case 'ha':
      return `HA resource of ${container}`;
    case 'snapshot':
      return `snapshot ${typeof args['name'] === 'string' ? args['name'] : '(unnamed)'} of ${container}`;
    case 'account':
      return `account on the server ${service.server?.id ?? '(none)'}`;
    case 'dns':
      return `DNS record ${site?.fqdn ?? '(no name)'}`;
    case 'proxy':
      return `proxy host ${site ? servedNames(site).join(', ') : '(no name)'}`;
  }
}

const FOR_CUSTOMERS: Readonly<Record<Thing, string>> = {
  container: 'the container',
  ha: 'the high-availability setting',
  snapshot: 'a backup',
  account: 'the account',
  dns: 'the DNS record',
  proxy: 'the proxy host',
};

/** The leftovers in general words, without names and numbers, each listed once. */
export function customerWords(remains: readonly Remain[]): string[] {
  const words = remains.map(({ thing }) => (thing === null ? 'the site itself' : FOR_CUSTOMERS[thing]));
  return [...new Set(words)];
}
