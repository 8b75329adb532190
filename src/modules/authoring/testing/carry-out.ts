/** Answers a call of the module under test, after the checks that the agent makes. */
import { AgentError } from '../../../kernel/errors.js';
import type { Part } from '../../../model/part.js';
import { boundedCall } from '../../../jobs/engine/bounded-call.js';
import { callCheck, serviceCallCheck } from '../../../jobs/effects/call-check.js';
import { MODULE_CALL_ARGUMENTS } from '../../calls/arguments.js';
import type { HostCallName, LifecycleCallName, ModuleCallName } from '../../kit/host-calls.js';
import type { AnswerTable } from './answer-types.js';

/** A call that the module makes. */
export interface MadeCall {
  readonly step: string;
  readonly name: HostCallName;
  readonly args: readonly unknown[];
}

const PART_OF: Readonly<Record<string, Part>> = {
  ...{ container: 'guest', ha: 'guest', dns: 'site', proxy: 'site', site: 'site' },
};

/** Checks the arguments of a call. Schemas are compiled at their first use, so tests of many services share one. */
export type CheckCall = (call: MadeCall) => void;

export function callChecks(): CheckCall {
  const ofModule = callCheck(MODULE_CALL_ARGUMENTS);
  const ofService = serviceCallCheck();
  const isOfModule = (name: HostCallName): name is ModuleCallName =>
    Object.hasOwn(MODULE_CALL_ARGUMENTS, name);
  return ({ name, args }) => {
    if (isOfModule(name)) ofModule(name, args);
    else if (!isLifecycleCall(name)) ofService(name, args);
  };
}

/** Throws what the agent would throw for a call that it does not accept. */
export function carryOut(
  answers: AnswerTable,
  parts: readonly Part[],
  check: CheckCall,
): (call: MadeCall) => Promise<unknown> {
  return async (call) => {
    const bounded = boundedCall(call) as MadeCall;
    check(bounded);
    const { name, args } = bounded;
    const [group = ''] = name.split('.');
    const part = Object.hasOwn(PART_OF, group) ? PART_OF[group] : undefined;
    if (part && !parts.includes(part))
      throw new AgentError('not_supported', 'The product of this service does not support this.', {
        detail: `${name} needs the part "${part}", which the product does not declare`,
      });
    // each function has the right type for its name, but the compiler cannot express that for the union of all names
    const answer = answers[name] as (...given: readonly unknown[]) => unknown;
    return structuredClone((await answer(...args)) ?? null);
  };
}

function isLifecycleCall(name: HostCallName): name is LifecycleCallName {
  return name.startsWith('lifecycle.');
}
