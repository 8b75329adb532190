/** The flow of a task: one step, which calls the function of the module. */
import { AgentError } from '../../kernel/errors.js';
import { isFields } from '../../kernel/is-fields.js';
import type { StepContext } from '../../modules/kit/context.js';
import type { JobFlow, Module } from '../../modules/kit/module.js';
import type { TaskContext, TaskFunction } from '../../modules/kit/task-context.js';
import type { Attempt } from './protocol.js';

export function taskFlow(module: Module, attempt: Attempt): JobFlow {
  const run = functionOf(module, methodOf(attempt));
  return {
    run: {
      async run(context) {
        refuseGone(attempt);
        // the result is not recorded, because no code reads it
        await Reflect.apply(run, module, [taskContext(context, attempt)]);
      },
    },
  };
}

/** `task:product/shop:sync` -> `sync` */
function methodOf({ method }: Attempt): string {
  const [, , ...rest] = method.split(':');
  return rest.join(':');
}

function functionOf(module: Module, method: string): TaskFunction {
  const [member, name] = placeOf(method);
  const declared: unknown = memberOf(memberOf(module, member), name);
  const run = isFields(declared) ? declared['run'] : declared;
  if (typeof run === 'function') return run as TaskFunction;
  throw new AgentError('module_failed', 'The module does not support this.', {
    retryable: false,
    detail: `${module.info.name} has no task ${method}`,
  });
}

/** Where the class declares the function. */
function placeOf(method: string): readonly [member: string, name: string] {
  const [prefix = '', ...rest] = method.split(':');
  if (rest.length === 0) return ['tasks', method];
  return [prefix === 'schedule' ? 'schedules' : prefix, rest.join(':')];
}

function memberOf(holder: unknown, name: string): unknown {
  return typeof holder === 'object' && holder !== null && Object.hasOwn(holder, name)
    ? Reflect.get(holder, name)
    : undefined;
}

function refuseGone({ args, subject }: Attempt): void {
  if (args['hasService'] === true && args['event'] === undefined && subject === null)
    throw new AgentError('service_not_found', 'The service of the task no longer exists.', {
      retryable: false,
    });
}

/** What only the steps of a job have. */
const OF_JOBS = [
  'container',
  'ha',
  'dns',
  'proxy',
  'site',
  'servers',
  'plan',
  'args',
  'step',
  'results',
  'checkPlan',
];

function taskContext(context: StepContext, attempt: Attempt): TaskContext {
  const shared = Object.fromEntries(Object.entries(context).filter(([name]) => !OF_JOBS.includes(name)));
  const { input = null, tags = [], attempt: count = 1, event } = attempt.args;
  return {
    ...(shared as Omit<StepContext, 'service'>),
    service: attempt.subject,
    input,
    ...(event === undefined ? {} : { event }),
    task: { id: attempt.jobId, method: methodOf(attempt), tags: tags as string[], attempt: count as number },
  };
}
