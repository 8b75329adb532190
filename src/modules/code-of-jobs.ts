/** Finds the code that the engine runs for a job, and refuses code that must not run. */
import { AgentError, asAgentError } from '../kernel/errors.js';
import { isLifecycleKind, type KindName, kindData } from '../model/job-kinds.js';
import type { CodePlace, ModuleCode } from '../jobs/engine/module-code.js';
import { FORCE } from './kit/lifecycle-flow.js';
import type { Strikes } from './strikes.js';
import type { ModuleVersions } from './versions.js';

/** The place that stands for the agent's own flow, which runs if the module's code cannot run. */
const AGENT_FLOW: CodePlace = { path: null, hash: null };

/** Shipped modules are never refused because of `strikes`, because they are part of the agent. */
export function codeOfJobs(versions: ModuleVersions, strikes: Strikes): ModuleCode {
  return {
    async of({ method, pinned, args }) {
      if (isLifecycleKind(method) && args[FORCE] === true) return AGENT_FLOW;
      try {
        const place = await versions.placeOf(pinned.module);
        const isStruckOut = place.hash !== null && strikes.problemOf(place.hash) !== undefined;
        return isStruckOut && agentCan(method) ? AGENT_FLOW : place;
      } catch (error) {
        if (agentCan(method) && asAgentError(error).code === 'unknown_module') return AGENT_FLOW;
        throw error;
      }
    },
    enter({ pinned: { module } }, { hash }) {
      if (hash === null) return () => undefined;
      const name = `${module.type}/${module.name}`;
      const problem = strikes.problemOf(hash);
      if (problem !== undefined)
        throw new AgentError('module_failed', 'The product of this service is switched off.', {
          role: 'agent',
          retryable: false,
          detail: `${name}: ${problem}`,
        });
      try {
        return strikes.enter({ module: name, hash });
      } catch (error) {
        throw unrecorded(error);
      }
    },
  };
}

function agentCan(method: KindName): boolean {
  return kindData(method).agentCan;
}

function unrecorded(error: unknown): AgentError {
  return new AgentError('state_unavailable', 'The request could not be recorded. Please try again later.', {
    role: 'agent',
    detail: `module-strikes.json: ${String(error)}`,
    cause: error,
  });
}
