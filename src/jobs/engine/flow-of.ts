/**
 * Finds the flow of an attempt: the module's flow. If the module has no flow for the job, or is no longer installed,
 * this is the agent's own flow.
 */
import { AgentError } from '../../kernel/errors.js';
import { CHECK_DATA } from '../../model/job.js';
import { isTaskKind } from '../../model/task-kind.js';
import type { JsonObject } from '../../kernel/json.js';
import { isLifecycleKind, kindData, type LifecycleKind } from '../../model/job-kinds.js';
import type { JobFlow, Module } from '../../modules/kit/module.js';
import { importModule } from './import-module.js';
import type { Attempt } from './protocol.js';

export interface FlowOfModule {
  readonly flow: JobFlow;
  /** Undefined if the module is not installed. */
  readonly module: Module | undefined;
}

/** Throws an Error that says what is wrong with the module. */
export async function flowOf(attempt: Attempt): Promise<FlowOfModule> {
  const { modulePath, method, subject, args } = attempt;
  if (isLifecycleKind(method)) return flowOfModule(modulePath, method, args);
  const module = modulePath === null ? undefined : await importModule(modulePath);
  if (module && isTaskKind(method))
    return { flow: await ofServer(module, attempt, await ofTask(module, attempt)), module };
  if (module && (!kindData(method).agentCan || hasFlow(module, method))) {
    const flow = await ofServer(module, attempt, () => actionFlow(module, method) ?? module.flow(method));
    if (args[CHECK_DATA] !== true) return { flow, module };
    return { flow: (await import('./check-first.js')).checkFirst(module, flow), module };
  }
  const { agentFlow } = await import('../../modules/kit/agent-flow.js');
  const flow = subject && (module || subject.guest) ? agentFlow(method, subject) : undefined;
  if (flow) return { flow, module };
  throw new AgentError('unknown_module', 'The product cannot be used at the moment.', {
    detail: `the module of the product is not installed, and only this module can run "${method}"`,
  });
}

async function ofTask(module: Module, attempt: Attempt): Promise<() => JobFlow> {
  const { taskFlow } = await import('./task-flow.js');
  return () => taskFlow(module, attempt);
}

/** The same flow, whose steps get the server of the service if the product uses servers. */
async function ofServer(module: Module, { method, args }: Attempt, flow: () => JobFlow): Promise<JobFlow> {
  const { servers } = module as { servers?: object };
  if (!servers) return flow();
  const [{ serverFlow }, { withServer }] = await Promise.all([
    import('./server-flows.js'),
    import('./with-server.js'),
  ]);
  return withServer(serverFlow(module, method, args) ?? flow());
}

/** The flow that activates, updates or deactivates the module. */
async function flowOfModule(
  modulePath: string | null,
  method: LifecycleKind,
  args: JsonObject,
): Promise<FlowOfModule> {
  const { FORCE, lifecycleFlow } = await import('../../modules/kit/lifecycle-flow.js');
  const isLoaded = modulePath !== null && args[FORCE] !== true;
  const module = isLoaded ? await importModule(modulePath) : undefined;
  return { flow: lifecycleFlow(module, method, args), module };
}

/** The flow of one of the module's own actions: `module:product/<product>:<action>`. */
function actionFlow(module: Module, method: string): JobFlow | undefined {
  const [, , word = ''] = method.split(':');
  const { actions } = module as { actions?: Readonly<Record<string, { flow?(): JobFlow }>> };
  return actions && Object.hasOwn(actions, word) ? actions[word]?.flow?.() : undefined;
}

function hasFlow(module: Module, method: string): boolean {
  return typeof Reflect.get(module, `${method}Job`) === 'function';
}
