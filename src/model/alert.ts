/**
 * Notifications for operators: the one table of alerts, and the rules by which they are raised once
 * and cleared.
 */
import type { JsonObject } from '../kernel/json.js';

interface AlertKindInfo {
  /** `critical`: somebody's site or the agent itself stands still; `warning`: it will. */
  readonly severity: 'warning' | 'critical';
  /** One sentence for the book. */
  readonly meaning: string;
  /** When it goes away. */
  readonly ends: string;
}

export const ALERTS = {
  job_stuck: {
    severity: 'critical',
    meaning: 'An operation can go neither forward nor back: a person must finish it.',
    ends: 'the job is finished, or another one puts right what it left',
  },
  order_failed: {
    severity: 'critical',
    meaning:
      'What a customer has ordered (a site, its return, a plan, the end of a suspension) failed and was taken back.',
    ends: 'it is ordered or retried once more, or the service is deleted',
  },
  order_waiting: {
    severity: 'critical',
    meaning:
      'Orders wait for what the operator must provide: a template, a storage, a bridge, an OS template.',
    ends: 'no order waits for it any more',
  },
  order_waiting_for_capacity: {
    severity: 'critical',
    meaning: 'Orders wait for an address, a container number or a node with room.',
    ends: 'no order waits for it any more',
  },
  deletion_brake: {
    severity: 'critical',
    meaning: 'A panel deletes more sites in an hour than the brake allows; the others are held.',
    ends: 'no deletion of the panel is held any more',
  },
  state_write_failing: {
    severity: 'critical',
    meaning: 'Changes cannot be recorded: calls are refused with 503.',
    ends: 'a write has succeeded',
  },
  clock_jump: {
    severity: 'critical',
    meaning: 'The clock jumped: nothing is purged, erased or given up by date.',
    ends: 'it is right again, or confirmed by a person',
  },
  descriptors_exhausted: {
    severity: 'critical',
    meaning: 'The agent has no file descriptors left, or nearly: calls are refused and jobs wait.',
    ends: 'none was refused for five minutes, and a fifth is free',
  },
  document_damaged: {
    severity: 'critical',
    meaning:
      'A record cannot be read and was set aside: what it is about is refused until a person restores it.',
    ends: 'it was restored or removed, and the agent was started again',
  },
  state_behind: {
    severity: 'critical',
    meaning:
      "Containers carry this agent's mark, and its state does not know them: it is empty, or an old copy.",
    ends: 'the state knows them, or they are gone',
  },
  system_down: {
    severity: 'critical',
    meaning: 'A system behind the agent has not answered for five minutes; jobs wait for it.',
    ends: 'it answers again',
  },
  system_refused: {
    severity: 'critical',
    meaning:
      'A system behind the agent answers, but refuses the agent (credentials, a privilege, a redirect, a page); jobs wait for it.',
    ends: 'it takes the agent again, and no job waits for it any more',
  },
  certificate_expiry: {
    severity: 'warning',
    meaning: 'A certificate was not renewed and ends soon.',
    ends: 'a newer one is served, or the domain is gone',
  },
  pool_low: {
    severity: 'warning',
    meaning: 'A pool of addresses, or the range of container numbers, is nearly used up.',
    ends: 'its use is five percent below the limit',
  },
  drift: {
    severity: 'warning',
    meaning: 'The world differs from what the records say.',
    ends: 'no difference of this kind is left',
  },
  lock_left: {
    severity: 'critical',
    meaning:
      'A container is locked and no task works on it: every change of it is refused until a person unlocks it.',
    ends: 'the lock is gone',
  },
  smaller_plan: {
    severity: 'warning',
    meaning: 'A smaller plan was applied as far as it goes: the service still has more than it pays for.',
    ends: 'the service fits its plan, or a week has passed',
  },
  upgrade_without_change: {
    severity: 'warning',
    meaning: 'A panel orders an upgrade to the plan and options that the service has already.',
    ends: 'it has not done so for a day',
  },
  unknown_plan: {
    severity: 'warning',
    meaning: 'A panel orders a plan that is not configured.',
    ends: 'it has not done so for a day',
  },
} as const satisfies Record<string, AlertKindInfo>;

export type AlertKind = keyof typeof ALERTS;

/** Raised for what a panel has asked, which no record keeps. */
export const NOTICES = ['unknown_plan', 'upgrade_without_change'] as const satisfies readonly AlertKind[];
export type NoticeKind = (typeof NOTICES)[number];

/** In the order of the table, in which they are looked for. */
export const ALERT_KINDS = Object.keys(ALERTS) as readonly AlertKind[];

/** A condition that holds now. */
export interface AlertSpec {
  readonly kind: AlertKind;
  /** Tells it from others of its kind; stays the same as long as it holds. */
  readonly subject: string;
  /** Whose service it is about; null: the agent's own. */
  readonly panel: string | null;
  readonly serviceId: string | null;
  /**
   * One or two sentences for the operator: what is the matter and, where it is known, why. Others' words in it are
   * cleaned and shortened.
   */
  readonly text: string;
  /** What helps, ready to copy into a shell, the first to type first. */
  readonly commands: Commands;
  readonly data: JsonObject;
}

/** An alert that names no command leaves its reader alone. */
export type Commands = readonly [string, ...string[]];

/** What a hook was told of an alert last. */
export const TOLD = ['raised', 'cleared'] as const;
export type Told = (typeof TOLD)[number];

export interface AlertRecord extends Omit<AlertSpec, 'commands'> {
  readonly schema: 1;
  /** Absent in what a release wrote that knew of none. */
  readonly commands?: readonly string[];
  /** UUID v7. */
  readonly id: string;
  /** RFC 3339 */
  readonly raisedAt: string;
  readonly clearedAt: string | null;
  /** Name of the hook -> the last that it has confirmed. */
  readonly told: Readonly<Record<string, Told>>;
}

export function sameAlert(
  a: Pick<AlertSpec, 'kind' | 'subject'>,
  b: Pick<AlertSpec, 'kind' | 'subject'>,
): boolean {
  return a.kind === b.kind && a.subject === b.subject;
}

/**
 * What the hook must hear next of this alert; undefined: nothing. Each hears that it was raised before it hears that
 * it has ended.
 */
export function nextToNotify({ told, clearedAt }: AlertRecord, hook: string): Told | undefined {
  if (told[hook] === undefined) return 'raised';
  return clearedAt !== null && told[hook] === 'raised' ? 'cleared' : undefined;
}

const KEPT_MS = 7 * 86_400_000;
const KEPT_UNTOLD_MS = 30 * 86_400_000;

/** True for an alert that has ended long ago and every hook knows, or that no hook would listen to for a month. */
export function isForgotten(record: AlertRecord, hooks: readonly string[], now: number): boolean {
  if (record.clearedAt === null) return false;
  const age = now - Date.parse(record.clearedAt);
  return age >= (hooks.some((hook) => nextToNotify(record, hook)) ? KEPT_UNTOLD_MS : KEPT_MS);
}
