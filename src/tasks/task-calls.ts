/**
 * Carries out the calls of the function of a task: the calls that all modules can make, and the calls to the module's
 * collections and to the data of the task's service. A task cannot change a container or a site, because only the jobs
 * of a service do so, one after the other.
 */
import { AgentError } from '../kernel/errors.js';
import { isFields } from '../kernel/is-fields.js';
import type { JsonObject } from '../kernel/json.js';
import type { Job } from '../model/job.js';
import type { DataRules } from '../model/service-data.js';
import type { Server } from '../model/server.js';
import type { Service } from '../model/service.js';
import type { Task } from '../model/task.js';
import { serviceCallCheck } from '../jobs/effects/call-check.js';
import type { CollectionAccess } from '../jobs/effects/collection-access.js';
import { carryOutCollectionCall, isCollectionCall } from '../jobs/effects/collection-table.js';
import type { CallerSecrets, ModuleCaller, ModuleCalls } from '../jobs/effects/module-calls.js';
import { savedData } from '../jobs/effects/save-data.js';
import { viewServer } from '../jobs/effects/servers.js';
import { type SecretsPlace, secretNamed, secretsIn } from '../jobs/effects/service-secrets.js';
import { unusable } from '../jobs/engine/bounded-call.js';
import type { CallContext } from '../jobs/engine/call-context.js';
import type { SubjectKind } from '../jobs/engine/subject-kind.js';
import { isModuleCall } from '../modules/kit/host-calls.js';
import type { DocumentStore, ServiceStore } from '../state/contract.js';
import type { TaskSubject } from './job-of-task.js';

export interface TaskCallDeps {
  readonly services: ServiceStore;
  readonly servers: Pick<DocumentStore<Server>, 'find'>;
  readonly collections: CollectionAccess;
  /** Passed in, because `modules/calls` is in a higher layer. */
  readonly moduleCalls: ModuleCalls;
  /** The rules for the data of this service; undefined if its product declares none. */
  readonly dataRules: (service: Service, job: Job) => DataRules | undefined;
  readonly settingSecret?: SecretsPlace['settingSecret'];
  /** The secrets of a module, for its tasks without a service. */
  readonly moduleSecrets?: (module: Task['module']) => CallerSecrets;
}

export function taskCalls(deps: TaskCallDeps): SubjectKind<TaskSubject>['call'] {
  const check = serviceCallCheck();
  return async (context, name, args) => {
    const { task } = await context.journal.subject();
    const place = secretsPlace(deps, task);
    const secrets = (task.service ? undefined : deps.moduleSecrets?.(task.module)) ?? secretsIn(place);
    if (isModuleCall(name)) return deps.moduleCalls(callerOf(context, task, secrets), name, args);
    if (isCollectionCall(name)) {
      check(name, args);
      const secretOf = (ref: { secret: string }) => secretNamed(secrets, ref);
      const service = task.service ? await place.read() : null;
      return carryOutCollectionCall({ ...deps, service, module: task.module, secretOf }, name, args);
    }
    if (name === 'servers.current') {
      const { server } = task.service ? await place.read() : {};
      const found = server ? deps.servers.find(server.id) : undefined;
      return found ? viewServer(found) : null;
    }
    if (name !== 'data.save')
      throw unusable(`${name} is not possible in a task: only a job of the service changes its resources`);
    check(name, args);
    const [values] = args;
    return saveData(deps, place, await context.journal.job(), isFields(values) ? (values as JsonObject) : {});
  };
}

async function saveData(
  { dataRules }: TaskCallDeps,
  place: SecretsPlace,
  job: Job,
  values: JsonObject,
): Promise<void> {
  await place.change((service) => savedData(service, dataRules(service, job), values));
}

function callerOf(
  { signal, log }: CallContext<TaskSubject>,
  { module, service }: Task,
  secrets: ModuleCaller['secrets'],
): ModuleCaller {
  return { module, service: service?.key ?? null, secrets, signal, log };
}

/** The service of the task. */
function secretsPlace(
  { services, servers, collections, settingSecret }: TaskCallDeps,
  { module, service }: Task,
): SecretsPlace {
  const checked = (found: Service | undefined): Service => {
    const isSame = found?.generation === service?.generation;
    if (found && isSame && found.module.type === module.type && found.module.name === module.name)
      return found;
    throw new AgentError('service_not_found', 'The service of the task no longer exists.', {
      retryable: false,
      detail: service?.key ?? '',
    });
  };
  const none = (): AgentError =>
    unusable('a task without a service has neither secrets nor data of a service');
  return {
    ...{ collections, servers, module, settingSecret },
    async read() {
      if (!service) throw none();
      return checked(await services.find(service.key));
    },
    async change(fn) {
      if (!service) throw none();
      await services.commit(service.key, (current) => fn(checked(current)));
    },
  };
}
