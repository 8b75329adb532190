/**
 * Base class of products that run in one container and have no website: a game server, a database, a VPN. A new product
 * has to add only its recipe.
 */
import type { JobPolicy } from '../../model/job.js';
import { kindData } from '../../model/job-kinds.js';
import type { Step } from '../../model/flow.js';
import type { StepContext } from './context.js';
import type { ContainerSource, SecretRef } from './host-call-types.js';
import type { CharacterClass } from './module-call-types.js';
import type { JobFlow } from './module.js';
import { AgentError } from '../../kernel/errors.js';
import { deletion, forgetting, restoration } from './hosted/ends.js';
import { firstOwner, type Hooks } from './hosted/hooks.js';
import { onlySteps } from './hosted/only-steps.js';
import {
  ownerChange,
  passwordReset,
  restarting,
  resumption,
  starting,
  stopping,
  suspension,
} from './hosted/power.js';
import { repair } from './hosted/repair.js';
import { upgrade } from './hosted/resize.js';
import { backup, backupRemoval, reset, rollback, takeInitial } from './hosted/snapshots.js';
import { Product } from './product.js';

export abstract class GuestProduct extends Product {
  override readonly parts = ['guest'] as const;

  abstract override source(settings: Readonly<Record<string, unknown>>): ContainerSource;

  /** The source of the container of this service. Default: `source` with the settings of the job. */
  protected sourceFor(context: StepContext): ContainerSource {
    return this.source(context.settings);
  }

  /** The recipe: installs the product in the running container. Must be repeatable. */
  protected abstract install(context: StepContext): Promise<void>;

  /** Checks once that the product works, after its installation. Throws AgentError `recipe_failed`. */
  protected async verify(_context: StepContext): Promise<void> {}

  /** Sets the e-mail address of the owner to `service.email` in the running container. Repeatable. */
  protected async setOwner(_context: StepContext): Promise<void> {}

  /**
   * Sets the password of the administrator in the running container. Repeatable. Without this member, a reset of the
   * credentials is refused.
   */
  protected async setPassword(_context: StepContext, _password: SecretRef): Promise<void> {
    return unsupported();
  }

  /** The classes of characters of a new password. Default: `lower`, `upper` and `digit`. */
  protected readonly passwordClasses?: readonly CharacterClass[];

  /** Without `resetPassword` if the product does not implement `setPassword`. */
  override get abilities(): readonly string[] {
    const isDefault = Reflect.get(this, 'setPassword') === Reflect.get(GuestProduct.prototype, 'setPassword');
    return super.abilities.filter((kind) => kind !== 'resetPassword' || !isDefault);
  }

  protected readonly hooks: Hooks = {
    port: () => 0,
    source: (context) => this.sourceFor(context),
    setUrl: async () => {},
    setOwner: (context) => this.setOwner(context),
    setPassword: (context, password) => this.setPassword(context, password),
    loginLink: unsupported,
  };

  createJob(): JobFlow {
    return {
      allocate: {
        timeoutS: 120,
        run: (context) => context.container.allocate(this.sourceFor(context)),
      },
      container: {
        after: ['allocate'],
        concerns: 'container',
        timeoutS: 900,
        run: (context) => context.container.ensure(this.sourceFor(context)),
        undo: (context) => context.container.remove(),
      },
      start: {
        after: ['container'],
        concerns: 'container',
        timeoutS: 180,
        run: (context) => context.container.start(),
      },
      install: {
        after: ['start'],
        timeoutS: 1200,
        run: async (context) => {
          await this.install(context);
          await firstOwner(context);
        },
      },
      verify: { after: ['install'], timeoutS: 300, run: (context) => this.verify(context) },
      snapshot: { after: ['verify'], concerns: 'snapshot', timeoutS: 600, run: takeInitial },
      // This step comes after the snapshot, because the HA manager would interfere with the container's locks.
      ha: {
        after: ['snapshot'],
        concerns: 'ha',
        timeoutS: 120,
        run: (context) => context.ha.ensure(),
        undo: (context) => context.ha.remove(),
      },
    };
  }

  deleteJob = (): JobFlow => withoutFront(deletion());
  purgeJob = (): JobFlow => withoutFront(deletion());
  forgetJob = (): JobFlow => withoutFront(forgetting());
  restoreJob = (): JobFlow => withoutFront(restoration(this.hooks));

  startJob = (): JobFlow => starting(this.hooks);
  stopJob = stopping;
  restartJob = (): JobFlow => restarting(this.hooks);
  suspendJob = (): JobFlow => withoutFront(suspension(this.hooks));
  unsuspendJob = (): JobFlow => withoutFront(resumption(this.hooks));
  setEmailJob = (): JobFlow => ownerChange(this.hooks);
  resetPasswordJob = (): JobFlow => passwordReset(this.hooks, this.passwordClasses);
  upgradeJob = upgrade;
  repairJob = (): JobFlow => withoutFront(repair(this.hooks));

  makeBackupJob = backup;
  removeBackupJob = backupRemoval;
  rollbackJob = (): JobFlow => rollback(this.hooks);
  resetJob = (): JobFlow => reset(this.hooks);

  override policy(method: string): Partial<JobPolicy> {
    const { timeoutS } = kindData(method);
    return timeoutS === null ? {} : { timeoutS };
  }
}

const withoutFront = (flow: JobFlow): JobFlow =>
  onlySteps(flow, ({ concerns }: Step<StepContext>) => concerns !== 'dns' && concerns !== 'proxy');

async function unsupported(): Promise<never> {
  throw new AgentError('not_supported', 'The product of this service does not support this.');
}
