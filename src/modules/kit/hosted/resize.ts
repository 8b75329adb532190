/**
 * The flow for a change of plan. Memory and cores are changed while the container runs. Then the disk is enlarged,
 * which is the pivot because a disk cannot be made smaller.
 */
import { UNTOUCHED } from '../../../model/flow.js';
import type { StepContext } from '../context.js';
import type { JobFlow } from '../module.js';

export const upgrade = (): JobFlow => ({
  // the plan is checked again, because an earlier job in the queue (an upgrade or backup) may have changed the usage
  check: { timeoutS: 60, run: (context) => context.checkPlan() },
  power: {
    after: ['check'],
    concerns: 'container',
    timeoutS: 120,
    run: (context) => context.container.resize({ plan: 'requested', disk: false }),
    undo: (context) => context.container.resize({ plan: 'present', disk: false }),
  },
  disk: { after: ['power'], pivot: true, concerns: 'container', timeoutS: 900, run: growDisk },
});

/**
 * Enlarges the disk. If it is certain that the disk was not enlarged, the step notes this, so that the upgrade can
 * still be undone.
 */
async function growDisk(context: StepContext): Promise<void> {
  const before = context.notes['before'];
  const gb = typeof before === 'number' ? before : (await context.container.look()).diskGb;
  await context.note({ before: gb, [UNTOUCHED]: false });
  try {
    await context.container.resize({ plan: 'requested', disk: true });
  } catch (error) {
    const now = await context.container.look().catch(() => undefined);
    if (now?.diskGb === gb) await context.note({ [UNTOUCHED]: true });
    throw error;
  }
}
