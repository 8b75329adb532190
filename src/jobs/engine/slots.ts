/**
 * Decides which job may begin now. The number of running jobs is limited, some slots are reserved for interactive jobs,
 * and only a few jobs run while the main thread is busy.
 */

export interface SlotRule {
  /** Maximum number of jobs that run at once. */
  readonly slots: number;
  /** Number of these slots that are reserved for interactive jobs. */
  readonly interactive_slots: number;
}

interface Work {
  readonly interactive: boolean;
}

/** Number of non-interactive jobs that may run even if the main thread is busy, so that work continues. */
const ALWAYS = 2;

/**
 * If the result is `no_slot`, no less urgent job may begin either. If it is `busy`, the caller must check again soon.
 * @param spare whether the main thread has time for another job; each true result allows only one job
 */
export function mayBegin(
  job: Work,
  running: readonly Work[],
  { slots, interactive_slots: kept }: SlotRule,
  spare: () => boolean,
): 'yes' | 'no_slot' | 'busy' {
  if (running.length >= slots) return 'no_slot';
  if (job.interactive) return 'yes';
  const bulk = running.filter((other) => !other.interactive).length;
  if (bulk >= slots - kept) return 'no_slot';
  return bulk < ALWAYS || spare() ? 'yes' : 'busy';
}
