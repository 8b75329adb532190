/** Dependencies of the operations; the daemon passes them in. */
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import type { Clock } from '../kernel/clock.js';
import type { Accounts } from '../model/account.js';
import type { CheckEnd } from '../model/check-end.js';
import type { DataChecks } from '../model/data-check.js';
import type { EngineKinds } from '../model/job-kinds.js';
import type { JsonObject } from '../kernel/json.js';
import type { NoticeKind } from '../model/alert.js';
import type { Service, ServiceKey } from '../model/service.js';
import type { ClusterView, ClusterWatch, Resources } from '../drivers/guest/contract.js';
import type { Drivers } from '../drivers/table.js';
import type { Ordering } from '../jobs/effects/held-units.js';
import type { SubjectRecords } from '../jobs/engine/subject.js';
import type { Declarations } from '../modules/kit/declarations.js';
import type { ContainerSource } from '../modules/kit/host-call-types.js';
import type { ModuleInfo } from '../modules/kit/module.js';
import type { State } from '../state/contract.js';
import type { DeletionRateLimit } from './deletion-rate-limit.js';
import type { PlanList } from './plan-list.js';

/** The data about a product that is needed to handle an order for it. */
export interface SoldProduct {
  readonly info: Pick<ModuleInfo, 'name' | 'title' | 'version'>;
  readonly declared: Pick<
    Declarations,
    | 'parts'
    | 'abilities'
    | 'policies'
    | 'source'
    | 'loginPath'
    | 'ownerEmail'
    | 'productData'
    | 'serviceData'
    | 'checks'
    | 'actions'
    | 'servers'
  >;
  /** Hash of the module's code; null or absent for shipped modules. */
  readonly hash?: string | null;
  /** Settings from the config, with defaults from the product's schema. The settings are pinned in every job. */
  readonly settings: JsonObject;
}

export interface ProductCatalogue {
  /** Undefined when the product is not installed or cannot be used. */
  find(name: string): SoldProduct | undefined;
  /** Throws `unknown_module`. */
  get(name: string): SoldProduct;
}

export interface PlacementRequest {
  readonly resources: Resources;
  readonly source: ContainerSource;
  /** Null: every node. */
  readonly location: string | null;
}

/** Runs work in sequence per key. */
export interface Turns {
  run<T>(key: string, work: () => Promise<T>): Promise<T>;
}

/**
 * A difference between a service's record and the actual state of the remote systems, found by two comparisons in a
 * row.
 */
export interface Difference {
  readonly item: { readonly part: string; readonly problem: string };
  /** Epoch ms of the first comparison that found the difference. */
  readonly since: number;
}

export interface Differences {
  /** The confirmed differences of one service. The same array is returned until the differences change. */
  of(key: ServiceKey): readonly Difference[];
}

/**
 * A request that indicates a mistake in the panel's configuration. `plan` is the plan as the panel sent it, `service`
 * the id in the request, if any.
 */
export interface Notice {
  readonly kind: NoticeKind;
  readonly panel: string;
  readonly plan: string;
  readonly service?: string;
}

export interface OperationContext {
  readonly config: Config;
  readonly state: State;
  readonly clock: Clock;
  readonly log: Logger;
  readonly watch: ClusterWatch;
  /** The systems that operations may call directly. All other calls are made by jobs. */
  readonly drivers: Pick<Drivers, 'lookup' | 'issuer' | 'dns' | 'guest' | 'proxy'>;
  readonly products: ProductCatalogue;
  readonly plans: PlanList;
  /** Returns the properties of a kind of job. The job engine uses the same function. */
  readonly kinds: EngineKinds;
  readonly records: SubjectRecords<Service>;
  readonly drift: Differences;
  readonly accounts: Accounts;
  /**
   * Calls that create or remove a zone at the name server run one at a time per zone, so that the record and the server
   * agree.
   */
  readonly zoneTurns: Turns;
  readonly brake: DeletionRateLimit;
  /** Called for a condition that needs an alert but is not kept in any record. */
  readonly noticed?: (notice: Notice) => void;
  /** Reservations are checked and recorded one at a time, so that two reservations do not hold the same capacity. */
  readonly reservationTurns: Turns;
  /** Plans are created and changed one at a time, so that two plans do not get the same name or alias. */
  readonly planTurns: Turns;
  /** Servers are added, changed and removed one at a time, so that two servers do not get the same name. */
  readonly serverTurns: Turns;
  /** Compiles the schemas of modules. */
  readonly dataChecks: DataChecks;
  /** Calls `checkService` of a module. Never rejects. */
  readonly checkService: (product: string, data: JsonObject, plan: JsonObject) => Promise<CheckEnd>;
  /**
   * Throws `capacity_exhausted` or `template_missing` when the view shows that the container cannot be placed. Capacity
   * counts as used if it is promised to a container that is being created, held by a reservation, or needed by an
   * earlier order that waits.
   */
  readonly roomFor: (request: PlacementRequest, view: ClusterView, self: Ordering) => void;
  /** Number of sites of this size that can be placed, at most `most`. Throws `template_missing`. */
  readonly countRoom: (request: PlacementRequest, view: ClusterView, most: number) => number;
}
