/**
 * Base class with the common flows of products that run in one container behind the reverse proxy. A new product has to
 * add only its recipe.
 */
import { growing } from '../../kernel/async/growing.js';
import { AgentError, asAgentError } from '../../kernel/errors.js';
import type { JobPolicy } from '../../model/job.js';
import { type JobKind, kindData } from '../../model/job-kinds.js';
import type { StepContext } from './context.js';
import type { ContainerSource, LoginLink, SecretRef } from './host-call-types.js';
import type { JobFlow } from './module.js';
import { domainAddition, domainChange, domainRemoval, toggling } from './hosted/domains.js';
import { deletion, forgetting, restoration } from './hosted/ends.js';
import { firstOwner, type Hooks } from './hosted/hooks.js';
import {
  ownerChange,
  passwordReset,
  restarting,
  resumption,
  starting,
  stopping,
  suspension,
} from './hosted/power.js';
import { loginLinking } from './hosted/login-link.js';
import { upgrade } from './hosted/resize.js';
import { repair } from './hosted/repair.js';
import { backup, backupRemoval, reset, rollback, takeInitial } from './hosted/snapshots.js';
import { Product } from './product.js';

/** Pauses between two checks of a new site: the first (ms), the factor, the longest (ms). */
const LOOKS = { firstMs: 50, factor: 1.5, longestMs: 2000 };

/** A flow for each kind of job except `certificate`, which is no longer requested. */
type Flows = { readonly [K in Exclude<JobKind, 'certificate'> as `${K}Job`]: () => JobFlow };

export abstract class HostedProduct extends Product implements Flows {
  override readonly parts = ['guest', 'site'] as const;

  abstract override source(settings: Readonly<Record<string, unknown>>): ContainerSource;

  /** Port of the container to which the proxy forwards requests. */
  protected upstreamPort(_context: StepContext): number {
    return 80;
  }

  /** Milliseconds within which a new site must respond correctly. */
  protected readonly patienceMs: number = 60_000;

  /** The recipe: installs the site in the running container. Must be repeatable. */
  protected abstract install(context: StepContext): Promise<void>;

  /**
   * Checks the site once at its public address. Throws AgentError `site_unreachable` (no response yet) or `site_wrong`
   * (it responds, but not with the installed content); in both cases the check is repeated until `patienceMs` has
   * passed.
   */
  protected abstract look(context: StepContext): Promise<void>;

  /** Sets the running site's URL to `site.url` and makes it respond at all of `site.names`. Repeatable. */
  protected async setUrl(_context: StepContext): Promise<void> {}

  /** Sets the e-mail address of the running site's administrator to `service.email`. Repeatable. */
  protected async setOwner(_context: StepContext): Promise<void> {}

  /** Sets the password of the running site's first administrator. Repeatable. Throws `administrator_missing`. */
  protected async setPassword(_context: StepContext, _password: SecretRef): Promise<void> {
    throw new AgentError('module_failed', 'This product does not have an administrator.', {
      retryable: false,
    });
  }

  /** Makes this link log in the running site's first administrator once. Repeatable. Throws `administrator_missing`. */
  protected async loginLink(_context: StepContext, _link: LoginLink): Promise<void> {
    throw new AgentError('not_supported', 'This product does not support log-in links.');
  }

  /** All kinds of jobs, except those that need a hook that the product does not implement. */
  override get abilities(): readonly string[] {
    const isDefault = (hook: string): boolean =>
      Reflect.get(this, hook) === Reflect.get(HostedProduct.prototype, hook);
    const lacks = new Set([
      ...(isDefault('setPassword') ? ['resetPassword'] : []),
      ...(isDefault('loginLink') || this.loginPath === undefined ? ['loginLink'] : []),
    ]);
    return super.abilities.filter((kind) => !lacks.has(kind));
  }

  protected readonly hooks: Hooks = {
    port: (context) => this.upstreamPort(context),
    source: (context) => this.source(context.settings),
    setUrl: (context) => this.setUrl(context),
    setOwner: (context) => this.setOwner(context),
    setPassword: (context, password) => this.setPassword(context, password),
    loginLink: (context, link) => this.loginLink(context, link),
  };

  createJob(): JobFlow {
    return {
      allocate: {
        timeoutS: 120,
        run: (context) => context.container.allocate(this.source(context.settings)),
      },
      container: {
        after: ['allocate'],
        concerns: 'container',
        timeoutS: 900,
        run: (context) => context.container.ensure(this.source(context.settings)),
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
      dns: {
        after: ['allocate'],
        concerns: 'dns',
        timeoutS: 120,
        run: (context) => context.dns.ensure(),
        undo: (context) => context.dns.remove(),
      },
      proxy: {
        after: ['allocate'],
        concerns: 'proxy',
        timeoutS: 120,
        run: (context) => context.proxy.ensure({ state: 'preparing', port: this.upstreamPort(context) }),
        undo: (context) => context.proxy.remove(),
      },
      // Runs at the same time as `verify`. While the snapshot freezes the container, the check has to wait only a
      // moment. If the check fails, the site is removed together with the snapshot.
      snapshot: {
        after: ['install'],
        concerns: 'snapshot',
        timeoutS: 600,
        run: takeInitial,
      },
      verify: {
        after: ['install', 'dns', 'proxy'],
        timeoutS: 300,
        run: (context) => this.lookPatiently(context),
      },
      // This step comes after the snapshot, because the HA manager would interfere with the container's locks.
      ha: {
        after: ['snapshot'],
        concerns: 'ha',
        timeoutS: 120,
        run: (context) => context.ha.ensure(),
        undo: (context) => context.ha.remove(),
      },
      publish: {
        after: ['verify'],
        concerns: 'proxy',
        timeoutS: 120,
        run: (context) => context.proxy.ensure({ state: 'enabled', port: this.upstreamPort(context) }),
      },
    };
  }

  deleteJob = deletion;
  purgeJob = deletion;
  forgetJob = forgetting;
  restoreJob = (): JobFlow => restoration(this.hooks);

  startJob = (): JobFlow => starting(this.hooks);
  stopJob = stopping;
  restartJob = (): JobFlow => restarting(this.hooks);
  suspendJob = (): JobFlow => suspension(this.hooks);
  unsuspendJob = (): JobFlow => resumption(this.hooks);
  setEmailJob = (): JobFlow => ownerChange(this.hooks);
  resetPasswordJob = (): JobFlow => passwordReset(this.hooks);
  loginLinkJob = (): JobFlow => loginLinking(this.hooks);
  upgradeJob = upgrade;
  repairJob = (): JobFlow => repair(this.hooks);

  addDomainJob = (): JobFlow => domainAddition(this.hooks);
  removeDomainJob = (): JobFlow => domainRemoval(this.hooks);
  setPrimaryJob = (): JobFlow => domainChange(this.hooks);
  toggleJob = (): JobFlow => toggling(this.hooks);

  makeBackupJob = backup;
  removeBackupJob = backupRemoval;
  rollbackJob = (): JobFlow => rollback(this.hooks);
  resetJob = (): JobFlow => reset(this.hooks);

  override policy(method: string): Partial<JobPolicy> {
    const { timeoutS } = kindData(method);
    return timeoutS === null ? {} : { timeoutS };
  }

  private async lookPatiently(context: StepContext): Promise<void> {
    let waitedMs = 0;
    for (const ms of growing(LOOKS)) {
      const problem = await this.problemOf(context);
      if (!problem) return;
      // Only the waiting time is limited here. The duration of the checks themselves is limited by their own deadlines
      // and by the deadline of the step.
      if (waitedMs >= this.patienceMs) throw problem;
      context.log.debug('the site is not ready yet', { code: problem.code, detail: problem.detail ?? '' });
      await context.sleep(ms);
      waitedMs += ms;
    }
  }

  /** Returns the problem if the site is not ready yet, or undefined if it is. Throws any other error. */
  private async problemOf(context: StepContext): Promise<AgentError | undefined> {
    try {
      await this.look(context);
      return undefined;
    } catch (thrown) {
      const problem = asAgentError(thrown, 'module_failed');
      if (problem.code === 'site_unreachable' || problem.code === 'site_wrong') return problem;
      throw problem;
    }
  }
}
