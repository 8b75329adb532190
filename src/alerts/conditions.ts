/**
 * The table of conditions, one for each kind of alert. A new kind needs an entry in `model/alert.ts`, a file in
 * `conditions/` and a line here.
 */
import { ALERT_KINDS, type AlertKind } from '../model/alert.js';
import type { Condition, ConditionSources, MakeCondition } from './condition.js';
import { certificateExpiry } from './conditions/certificate-expiry.js';
import { clockJump } from './conditions/clock-jump.js';
import { deletionsHeld } from './conditions/deletions-held.js';
import { descriptorsExhausted } from './conditions/descriptors-exhausted.js';
import { documentDamaged } from './conditions/document-damaged.js';
import { drift } from './conditions/drift.js';
import { jobStuck } from './conditions/job-stuck.js';
import { lockLeft } from './conditions/lock-left.js';
import { moduleAlert } from './conditions/module-alert.js';
import { moduleUnusable } from './conditions/module-unusable.js';
import { orderCorrected } from './conditions/order-corrected.js';
import { orderFailed } from './conditions/order-failed.js';
import { orderWaiting } from './conditions/order-waiting.js';
import { orderWaitingForCapacity } from './conditions/order-waiting-for-capacity.js';
import { poolLow } from './conditions/pool-low.js';
import { serverUnreachable } from './conditions/server-unreachable.js';
import { smallerPlan } from './conditions/smaller-plan.js';
import { stateBehind } from './conditions/state-behind.js';
import { stateWriteFailing } from './conditions/state-write-failing.js';
import { systemDown } from './conditions/system-down.js';
import { systemRefused } from './conditions/system-refused.js';
import { taskFailed } from './conditions/task-failed.js';
import { unknownPlan } from './conditions/unknown-plan.js';
import { upgradeWithoutChange } from './conditions/upgrade-without-change.js';

const CONDITIONS: Readonly<Record<AlertKind, MakeCondition>> = {
  job_stuck: jobStuck,
  order_failed: orderFailed,
  order_waiting: orderWaiting,
  order_waiting_for_capacity: orderWaitingForCapacity,
  deletion_brake: deletionsHeld,
  state_write_failing: stateWriteFailing,
  clock_jump: clockJump,
  descriptors_exhausted: descriptorsExhausted,
  document_damaged: documentDamaged,
  state_behind: stateBehind,
  server_unreachable: serverUnreachable,
  system_down: systemDown,
  system_refused: systemRefused,
  module_unusable: moduleUnusable,
  module_alert: moduleAlert,
  task_failed: taskFailed,
  certificate_expiry: certificateExpiry,
  pool_low: poolLow,
  drift,
  lock_left: lockLeft,
  smaller_plan: smallerPlan,
  upgrade_without_change: upgradeWithoutChange,
  order_corrected: orderCorrected,
  unknown_plan: unknownPlan,
};

export type Conditions = ReadonlyMap<AlertKind, Condition>;

export function conditions(sources: ConditionSources): Conditions {
  return new Map(ALERT_KINDS.map((kind) => [kind, CONDITIONS[kind](sources)]));
}
