/**
 * The flows that activate, update and deactivate a module: the module's own steps between steps of the agent. They run
 * in the process of the module.
 */
import { AgentError } from '../../kernel/errors.js';
import type { JsonObject } from '../../kernel/json.js';
import type { LifecycleKind } from '../../model/job-kinds.js';
import type { StepContext } from './context.js';
import type { LifecycleMethod } from './declarations.js';
import type { HostFunctions } from './host-calls.js';
import type { JobFlow, Module } from './module.js';

/** The argument of the job that says which version was in use. */
export const FROM_VERSION = 'from_version';

/** The argument of a deactivation that runs no code of the module. */
export const FORCE = 'force';

const METHODS: Readonly<Record<LifecycleKind, LifecycleMethod>> = {
  activateModule: 'activate',
  updateModule: 'update',
  deactivateModule: 'deactivate',
};

/** `module` is undefined if its code must not run; it can then only be deactivated. */
export function lifecycleFlow(module: Module | undefined, kind: LifecycleKind, args: JsonObject): JobFlow {
  const method = METHODS[kind];
  const own = module ? ownSteps(module, method, args[FROM_VERSION]) : {};
  const taken = Object.keys(own).find((name) => name === 'prepare' || name === 'finish');
  if (taken !== undefined)
    throw new AgentError('module_failed', 'The module has a step with a name of the agent.', {
      retryable: false,
      detail: `${method}Job must not have a step ${taken}`,
    });
  if (method === 'deactivate')
    return {
      ...own,
      finish: { after: Object.keys(own), run: (context) => hostOf(context).finish() },
    };
  const later = ({ after = [], ...step }: JobFlow[string]): JobFlow[string] => ({
    ...step,
    after: after.length === 0 ? ['prepare'] : after,
  });
  return {
    prepare: {
      run: (context) => hostOf(context).prepare(),
      undo: (context) => hostOf(context).discard(),
    },
    ...Object.fromEntries(Object.entries(own).map(([name, step]) => [name, later(step)])),
  };
}

/** Empty if the module has nothing to do. */
function ownSteps(module: Module, method: LifecycleMethod, from: unknown): JobFlow {
  const given = method === 'update' ? [from] : [];
  const flow: unknown = Reflect.get(module, `${method}Job`);
  if (typeof flow === 'function') return Reflect.apply(flow, module, given) as JobFlow;
  const run: unknown = Reflect.get(module, method);
  if (typeof run !== 'function') return {};
  return {
    [method]: {
      run: async (context) => {
        await Reflect.apply(run, module, [context, ...given]);
      },
    },
  };
}

/** The context of a step has all calls, but its type shows only those that modules may make. */
function hostOf(context: StepContext): HostFunctions['lifecycle'] {
  return (context as unknown as Pick<HostFunctions, 'lifecycle'>).lifecycle;
}
