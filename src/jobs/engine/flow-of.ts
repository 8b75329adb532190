/**
 * Finds the flow of an attempt: the module's flow. If the module has no flow for the job, or is no longer installed,
 * this is the agent's own flow.
 */
import { AgentError } from '../../kernel/errors.js';
import { kindData } from '../../model/job-kinds.js';
import type { JobFlow, Module } from '../../modules/kit/module.js';
import { importModule } from './import-module.js';
import type { Attempt } from './protocol.js';

export interface FlowOfModule {
  readonly flow: JobFlow;
  /** Undefined if the module is not installed. */
  readonly module: Module | undefined;
}

/** Throws an Error that says what is wrong with the module. */
export async function flowOf({ modulePath, method, subject }: Attempt): Promise<FlowOfModule> {
  const module = modulePath === null ? undefined : await importModule(modulePath);
  if (module && (!kindData(method).agentCan || hasFlow(module, method)))
    return { flow: module.flow(method), module };
  const { agentFlow } = await import('../../modules/kit/agent-flow.js');
  const flow = module || subject.guest ? agentFlow(method, subject) : undefined;
  if (flow) return { flow, module };
  throw new AgentError('unknown_module', 'The product cannot be used at the moment.', {
    detail: `its module is not installed, and only the module can do "${method}" with this service`,
  });
}

function hasFlow(module: Module, method: string): boolean {
  return typeof Reflect.get(module, `${method}Job`) === 'function';
}
