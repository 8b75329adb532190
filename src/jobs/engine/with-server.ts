/** Gives the steps of a flow the server of their service. It is read for each step, because it may have changed. */
import type { Step } from '../../model/flow.js';
import type { StepContext } from '../../modules/kit/context.js';
import type { JobFlow } from '../../modules/kit/module.js';

export function withServer(flow: JobFlow): JobFlow {
  return Object.fromEntries(Object.entries(flow).map(([name, step]) => [name, served(step)]));
}

function served(step: Step<StepContext>): Step<StepContext> {
  const seen = async (context: StepContext): Promise<StepContext> => ({
    ...context,
    server: await context.servers.current(),
  });
  return {
    ...step,
    run: async (context) => step.run(await seen(context)),
    ...(step.undo ? { undo: async (context: StepContext) => step.undo?.(await seen(context)) } : {}),
  };
}
