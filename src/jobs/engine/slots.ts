/**
 * Which job may begin now: a bounded number at once, some slots kept for interactive jobs, and few while the main
 * thread is busy.
 */

export interface SlotRule {
  /** Jobs at once. */
  readonly slots: number;
  /** Of these, kept for interactive jobs. */
  readonly interactive_slots: number;
}

interface Work {
  readonly interactive: boolean;
}

/** So many jobs that nobody waits for run however busy it is: work goes on. */
const ALWAYS = 2;

/**
 * `no_slot` also holds for every less urgent job; after `busy` look again soon.
 * @param spare whether the main thread has time for one more job; each yes is for one
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
