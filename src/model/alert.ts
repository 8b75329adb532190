/**
 * Alerts for operators: the table of all kinds, and the rules for raising each alert once and for clearing it.
 */
import type { JsonObject } from '../kernel/json.js';

interface AlertKindInfo {
  /**
   * `critical`: a site or the agent itself is down. `warning`: an operator should act before a site or the agent goes
   * down.
   */
  readonly severity: 'warning' | 'critical';
  /** One sentence for the documentation. */
  readonly meaning: string;
  /** When the alert is cleared. */
  readonly ends: string;
}

export const ALERTS = {
  job_stuck: {
    severity: 'critical',
    meaning: 'A job can neither continue nor be rolled back: an operator must finish it.',
    ends: 'the job is finished, or another job repairs what the stuck job left behind',
  },
  order_failed: {
    severity: 'critical',
    meaning:
      'An order (a creation, a restoration, an upgrade or the end of a suspension) failed and was ' +
      'rolled back.',
    ends: 'the order is placed or retried again, or the service is deleted',
  },
  order_waiting: {
    severity: 'critical',
    meaning:
      'Orders wait for something that the operator must provide: a template, a storage, a bridge or ' +
      'an OS template.',
    ends: 'no order waits any longer',
  },
  order_waiting_for_capacity: {
    severity: 'critical',
    meaning: 'Orders wait for an address, a VMID or a node with enough free capacity.',
    ends: 'no order waits any longer',
  },
  deletion_brake: {
    severity: 'critical',
    meaning: 'A panel deletes more sites per hour than the limit allows; further deletions are held.',
    ends: 'no deletion of the panel is held',
  },
  state_write_failing: {
    severity: 'critical',
    meaning: 'Changes cannot be saved: requests are refused with 503.',
    ends: 'a write succeeds',
  },
  clock_jump: {
    severity: 'critical',
    meaning: 'The clock jumped: the agent deletes no expired data and fails no old job.',
    ends: 'the clock is correct again, or an operator confirms it',
  },
  descriptors_exhausted: {
    severity: 'critical',
    meaning: 'The agent has few or no free file descriptors: requests are refused and jobs wait.',
    ends: 'no request was refused for five minutes, and 20 percent of the file descriptors are free',
  },
  document_damaged: {
    severity: 'critical',
    meaning:
      'A record cannot be read and was set aside: requests that need the record are refused until an ' +
      'operator restores it.',
    ends: 'the record is restored or removed, and the agent is restarted',
  },
  state_behind: {
    severity: 'critical',
    meaning:
      "Containers have this agent's mark but are not in the agent's state: the state is empty, or an " +
      'old copy.',
    ends: 'the containers are in the state, or no longer exist',
  },
  server_unreachable: {
    severity: 'critical',
    meaning: 'A server on which a product creates accounts does not respond; its jobs wait.',
    ends: 'the server responds again, or is removed',
  },
  system_down: {
    severity: 'critical',
    meaning: 'A remote system has not responded for five minutes; jobs wait for it.',
    ends: 'the system responds again',
  },
  system_refused: {
    severity: 'critical',
    meaning:
      'A remote system responds, but rejects the agent (credentials, a privilege, a redirect, an HTML page); jobs wait for it.',
    ends: 'the system accepts the agent again, and no job waits for it',
  },
  module_unusable: {
    severity: 'critical',
    meaning:
      'A module cannot be used, or a module that services need is not installed: products of the ' +
      'module cannot be ordered.',
    ends: 'the agent was restarted and the module can be used, or no service needs the missing module any more',
  },
  module_alert: {
    severity: 'warning',
    meaning: 'A module has raised an alert; its text says what is wrong.',
    ends: 'the module clears it, its service is deleted, or the module is removed',
  },
  task_failed: {
    severity: 'warning',
    meaning: 'Tasks of a module have failed: they are not retried until an operator decides.',
    ends: 'no failed task of the module remains, because they were retried or removed',
  },
  certificate_expiry: {
    severity: 'warning',
    meaning: 'A certificate was not renewed and expires soon.',
    ends: 'a newer certificate is served, or the domain is removed',
  },
  pool_low: {
    severity: 'warning',
    meaning: 'An address pool, the range of VMIDs, or the room on a group of servers is almost used up.',
    ends: 'usage is five percentage points below the limit',
  },
  drift: {
    severity: 'warning',
    meaning: 'The actual state differs from the records.',
    ends: 'no difference of this kind remains',
  },
  lock_left: {
    severity: 'critical',
    meaning:
      'A container is locked although no task is using it: every change to the container is refused ' +
      'until an operator unlocks it.',
    ends: 'the lock is removed',
  },
  smaller_plan: {
    severity: 'warning',
    meaning: 'A smaller plan was applied only in part: the service still has more than the plan allows.',
    ends: 'the service fits its plan, or a week has passed',
  },
  upgrade_without_change: {
    severity: 'warning',
    meaning: 'A panel orders an upgrade to the plan and options that the service already has.',
    ends: 'the panel has sent no such order for a day',
  },
  order_corrected: {
    severity: 'warning',
    meaning: 'An order has properties with wrong values, for which the defaults of the product are used.',
    ends: 'the panel has not sent such an order for a day',
  },
  unknown_plan: {
    severity: 'warning',
    meaning: 'A panel orders a plan that is not configured.',
    ends: 'the panel has sent no such order for a day',
  },
} as const satisfies Record<string, AlertKindInfo>;

export type AlertKind = keyof typeof ALERTS;

/**
 * Kinds that are raised by a panel's request. After the request, no record shows whether their condition still exists.
 */
export const NOTICES = [
  'unknown_plan',
  'upgrade_without_change',
  'order_corrected',
] as const satisfies readonly AlertKind[];
export type NoticeKind = (typeof NOTICES)[number];

/** All kinds in the order of the table. The conditions are checked in this order. */
export const ALERT_KINDS = Object.keys(ALERTS) as readonly AlertKind[];

/** A condition that exists now and needs an alert. */
export interface AlertSpec {
  readonly kind: AlertKind;
  /** Distinguishes the alert from others of its kind. This text stays the same while the condition holds. */
  readonly subject: string;
  /** The panel whose service the alert is about; null when the alert is about the agent itself. */
  readonly panel: string | null;
  readonly serviceId: string | null;
  /**
   * One or two sentences for the operator: the problem and, if known, its cause. Text from other systems is cleaned
   * and shortened.
   */
  readonly text: string;
  /** Commands that help, ready to copy into a shell, in the order in which to run them. */
  readonly commands: Commands;
  readonly data: JsonObject;
}

/** At least one command is required, because an alert without one does not help its reader. */
export type Commands = readonly [string, ...string[]];

/** The notifications about an alert. For each hook, the agent records the last one that the hook has confirmed. */
export const TOLD = ['raised', 'cleared'] as const;
export type Told = (typeof TOLD)[number];

export interface AlertRecord extends Omit<AlertSpec, 'commands'> {
  readonly schema: 1;
  /** Absent in records of older releases, which stored no commands. */
  readonly commands?: readonly string[];
  /** UUID v7. */
  readonly id: string;
  /** RFC 3339 */
  readonly raisedAt: string;
  readonly clearedAt: string | null;
  /** Maps the name of a hook to the last notification that the hook confirmed. */
  readonly told: Readonly<Record<string, Told>>;
}

export function sameAlert(
  a: Pick<AlertSpec, 'kind' | 'subject'>,
  b: Pick<AlertSpec, 'kind' | 'subject'>,
): boolean {
  return a.kind === b.kind && a.subject === b.subject;
}

/**
 * The next notification of this alert for the hook; undefined if none is due. Every hook gets `raised` before it gets
 * `cleared`.
 */
export function nextToNotify({ told, clearedAt }: AlertRecord, hook: string): Told | undefined {
  if (told[hook] === undefined) return 'raised';
  return clearedAt !== null && told[hook] === 'raised' ? 'cleared' : undefined;
}

const KEPT_MS = 7 * 86_400_000;
const KEPT_UNTOLD_MS = 30 * 86_400_000;

/**
 * Whether the record of an alert can be removed: a week after the alert was cleared if every hook has confirmed all its
 * notifications, otherwise a month after it was cleared.
 */
export function isForgotten(record: AlertRecord, hooks: readonly string[], now: number): boolean {
  if (record.clearedAt === null) return false;
  const age = now - Date.parse(record.clearedAt);
  return age >= (hooks.some((hook) => nextToNotify(record, hook)) ? KEPT_UNTOLD_MS : KEPT_MS);
}
