/** What operations work with; the daemon hands it in. */
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import type { Clock } from '../kernel/clock.js';
import type { EngineKinds } from '../model/job-kinds.js';
import type { JsonObject } from '../kernel/json.js';
import type { NoticeKind } from '../model/alert.js';
import type { Service, ServiceKey } from '../model/service.js';
import type { ClusterView, ClusterWatch, Resources } from '../drivers/guest/contract.js';
import type { Drivers } from '../drivers/table.js';
import type { Ordering } from '../jobs/effects/held-units.js';
import type { SubjectRecords } from '../jobs/engine/subject.js';
import type { ContainerSource } from '../modules/kit/values.js';
import type { ModuleInfo } from '../modules/kit/module.js';
import type { Product } from '../modules/kit/product.js';
import type { State } from '../state/contract.js';
import type { DeletionRateLimit } from './deletion-rate-limit.js';

/** A product as an order needs it. */
export interface SoldProduct {
  readonly info: Pick<ModuleInfo, 'name' | 'version'>;
  readonly module: Pick<Product, 'source' | 'policy' | 'parts'> &
    Partial<Pick<Product, 'emailProblem' | 'loginPath'>>;
  /** From the config, checked and completed by the product's schema; pinned in every job. */
  readonly settings: JsonObject;
}

export interface ProductCatalogue {
  /** Throws `unknown_module`. */
  get(name: string): SoldProduct;
}

export interface PlacementRequest {
  readonly resources: Resources;
  readonly source: ContainerSource;
}

/** One after the other per key. */
export interface Turns {
  run<T>(key: string, work: () => Promise<T>): Promise<T>;
}

/** What two looks at the systems have found to differ from a service's records. */
export interface Difference {
  readonly item: { readonly part: string; readonly problem: string };
  /** Epoch ms of the first look that found it. */
  readonly since: number;
}

export interface Differences {
  /** What counts for one service; the same array until it changes. */
  of(key: ServiceKey): readonly Difference[];
}

/**
 * What a panel asks for that only a mistake in its set-up explains. `plan`: as it wrote it; `service`: the id it was
 * about, if any.
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
  /** What operations themselves may ask; everything else is a job's. */
  readonly drivers: Pick<Drivers, 'lookup' | 'issuer' | 'dns' | 'guest' | 'proxy'>;
  readonly products: ProductCatalogue;
  /** As the job engine has them. */
  readonly kinds: EngineKinds;
  readonly records: SubjectRecords<Service>;
  readonly drift: Differences;
  /**
   * Of the calls that make or remove a zone at the name server: one at a time per zone, so that record and server
   * tell the same.
   */
  readonly zoneTurns: Turns;
  readonly brake: DeletionRateLimit;
  /** Called for what is worth an alert and stands in no record. */
  readonly noticed?: (notice: Notice) => void;
  /** One reservation is judged and recorded at a time, so that two do not hold the same. */
  readonly reservationTurns: Turns;
  /**
   * Throws `capacity_exhausted` or `template_missing` when the view shows that it cannot be placed (what is promised,
   * held or waited for already counts).
   */
  readonly roomFor: (request: PlacementRequest, view: ClusterView, self: Ordering) => void;
  /** How many such sites have room, at most `most`. Throws `template_missing`. */
  readonly countRoom: (request: PlacementRequest, view: ClusterView, most: number) => number;
}
