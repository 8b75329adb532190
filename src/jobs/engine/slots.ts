/**
 * Which job may begin now: the number of jobs is limited, some slots are reserved for interactive jobs, and few jobs
 * run while the main thread is busy.
 */

export interface SlotRule {
  /** Number of jobs at once. */
  readonly slots: number;
  /** Number of these slots that are reserved for interactive jobs. */
  readonly interactive_slots: number;
}

interface Work {
  readonly interactive: boolean;
}

/** Number of non-interactive jobs that run however busy the main thread is, so that work continues. */
const ALWAYS = 2;

/**
 * `no_slot` also applies to every less urgent job; after `busy`, check again soon.
 * @param spare whether the main thread has time for another job; each true is for one job
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
