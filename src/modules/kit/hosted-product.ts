/**
 * The flow that all products share which live in one container behind the reverse proxy. A new product is a recipe on
 * top of it, not a copy.
 */
import { growing } from '../../kernel/async/growing.js';
import { AgentError, asAgentError } from '../../kernel/errors.js';
import type { JobPolicy } from '../../model/job.js';
import { type JobKind, kindData } from '../../model/job-kinds.js';
import type { StepContext } from './context.js';
import type { ContainerSource, LoginLink, SecretRef } from './values.js';
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

/** Milliseconds between looks at a new site: the first, the factor, the longest. */
const LOOKS = { firstMs: 50, factor: 1.5, longestMs: 2000 };

/** A flow for each kind, `certificate` excepted: that never was a job. */
type Flows = { readonly [K in Exclude<JobKind, 'certificate'> as `${K}Job`]: () => JobFlow };

export abstract class HostedProduct extends Product implements Flows {
  override readonly parts = ['guest', 'site'] as const;

  abstract override source(settings: Readonly<Record<string, unknown>>): ContainerSource;

  /** Port in the container that the proxy leads to. */
  protected upstreamPort(_context: StepContext): number {
    return 80;
  }

  /** Milliseconds that a new site may take until it answers rightly. */
  protected readonly patienceMs: number = 60_000;

  /** The recipe: makes the running container into the site. Must be repeatable. */
  protected abstract install(context: StepContext): Promise<void>;

  /**
   * One look at the site through the public door. Throws AgentError `site_unreachable` (nothing there yet) or
   * `site_wrong` (it answers, but not with what was installed); both are looked at again until the patience ends.
   */
  protected abstract look(context: StepContext): Promise<void>;

  /** Brings the running site to its URL of today (`site.url`) and lets it answer at all of `site.names`. Repeatable. */
  protected async setUrl(_context: StepContext): Promise<void> {}

  /** Gives the running site's administrator the owner's e-mail address of today (`service.email`). Repeatable. */
  protected async setOwner(_context: StepContext): Promise<void> {}

  /** Gives the running site's first administrator this password. Repeatable. Throws `administrator_missing`. */
  protected async setPassword(_context: StepContext, _password: SecretRef): Promise<void> {
    throw new AgentError('module_failed', 'This product has no administrator.', { retryable: false });
  }

  /** Lets this link log the running site's first administrator in, once. Repeatable. Throws `administrator_missing`. */
  protected async loginLink(_context: StepContext, _link: LoginLink): Promise<void> {
    throw new AgentError('not_supported', 'This product has no log-in links.');
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
      // Beside `verify`: a check of a frozen container waits a moment, and a site that fails it is removed with its
      // snapshot.
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
      // Last: the HA manager would meddle with the container's locks.
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
      // The time of the looks themselves is bounded by their own deadlines and by the step's.
      if (waitedMs >= this.patienceMs) throw problem;
      context.log.debug('the site is not right yet', { code: problem.code, detail: problem.detail ?? '' });
      await context.sleep(ms);
      waitedMs += ms;
    }
  }

  /** What the look found wrong; anything but an unready site is thrown. */
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
