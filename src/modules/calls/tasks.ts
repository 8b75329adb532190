/** Lets modules add tasks. */
import { keyOf, type ServiceKey } from '../../model/service.js';
import type { AddTask } from '../../model/new-task.js';
import type { ServiceStore } from '../../state/contract.js';
import { type ModuleCall, refused } from './call.js';
import type { ModuleCaller } from '../../jobs/effects/module-calls.js';
import type { TaskOptions } from '../kit/task-types.js';

export interface TaskCallDeps {
  readonly services: Pick<ServiceStore, 'entry'>;
  readonly addTask: AddTask;
}

export function taskAdding({ services, addTask }: TaskCallDeps): ModuleCall<'tasks.add'> {
  return async (caller, method, { service, ...options } = {}) => {
    const { type, name } = caller.module;
    return addTask({
      ...options,
      ...{ module: { type, name }, method, service: serviceOf(services, caller, service) },
    });
  };
}

/** The service of the caller unless the module names another one of its services. */
function serviceOf(
  services: TaskCallDeps['services'],
  { module, service: own }: ModuleCaller,
  named: TaskOptions['service'],
): ServiceKey | null {
  if (named === undefined) return own;
  if (named === null) return null;
  const key = keyOf({ panel: named.panel, id: named.id });
  if (key === own) return key;
  if (module.type === 'product' && services.entry(key)?.module === module.name) return key;
  throw refused('The module added a task for a service that it does not have.', key);
}
