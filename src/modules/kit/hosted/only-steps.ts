/** Leaves steps out of a flow, for services that lack what the steps are about. */
import type { Step } from '../../../model/flow.js';
import type { StepContext } from '../context.js';
import type { JobFlow } from '../module.js';

/** The steps for which `isKept` returns true. A kept step no longer waits for steps that are left out. */
export function onlySteps(flow: JobFlow, isKept: (step: Step<StepContext>) => boolean): JobFlow {
  const kept = Object.entries(flow).filter(([, step]) => isKept(step));
  const names = new Set(kept.map(([name]) => name));
  return Object.fromEntries(
    kept.map(([name, { after, ...step }]) => [
      name,
      after === undefined ? step : { ...step, after: after.filter((other) => names.has(other)) },
    ]),
  );
}
