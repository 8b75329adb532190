/**
 * Base class of products that consist of a record: an account, a licence, a domain. Their services have no container
 * and no site, and their status is `active`. A product overrides the methods that it needs.
 */
import type { Json } from '../../kernel/json.js';
import type { StepContext } from './context.js';
import type { JobFlow } from './module.js';
import { Product } from './product.js';

type Work = Promise<Json | void>;

const TIMEOUT_S = 300;

export abstract class RecordProduct extends Product {
  override readonly parts = [] as const;

  /** Registers the service. Must be repeatable. Its result is undone by `remove`. */
  protected async create(_context: StepContext): Work {}

  /** Removes everything that `create` has made. Must also succeed if there is nothing to remove. */
  protected async remove(_context: StepContext): Promise<void> {}

  /** Suspends the service. Must be repeatable. */
  protected async suspend(_context: StepContext): Work {}

  /** Ends the suspension. Called only when no reason for a suspension remains. Must be repeatable. */
  protected async unsuspend(_context: StepContext): Work {}

  /** Applies another plan, which is `context.plan`. Must be repeatable. */
  protected async changePlan(_context: StepContext): Work {}

  /** Sets the e-mail address of the owner to `service.email`. Must be repeatable. */
  protected async setOwner(_context: StepContext): Work {}

  createJob(): JobFlow {
    return {
      create: {
        timeoutS: TIMEOUT_S,
        run: (context) => this.create(context),
        undo: (context) => this.remove(context),
      },
    };
  }

  deleteJob = (): JobFlow => ({
    remove: { pivot: true, timeoutS: TIMEOUT_S, run: (context) => this.remove(context) },
  });

  suspendJob = (): JobFlow => ({
    suspend: { pivot: true, timeoutS: TIMEOUT_S, run: (context) => this.suspend(context) },
  });

  unsuspendJob = (): JobFlow => ({
    unsuspend: {
      timeoutS: TIMEOUT_S,
      run: async (context) => (isLastReason(context) ? this.unsuspend(context) : undefined),
    },
  });

  setEmailJob = (): JobFlow => ({
    owner: { timeoutS: TIMEOUT_S, run: (context) => this.setOwner(context) },
  });

  upgradeJob = (): JobFlow => ({
    check: { timeoutS: 60, run: (context) => context.checkPlan() },
    change: { after: ['check'], timeoutS: TIMEOUT_S, run: (context) => this.changePlan(context) },
  });
}

function isLastReason({ service, args }: StepContext): boolean {
  const { suspendedFor } = service;
  return suspendedFor.length > 0 && suspendedFor.every((reason) => reason === args['reason']);
}
