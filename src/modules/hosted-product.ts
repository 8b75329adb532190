/** The flow that all products share which live in one container behind the reverse proxy. A new product is a recipe on top of it, not a copy. */
import { AgentError, asAgentError } from '../domain/errors.js';
import type { JobPolicy } from '../domain/job.js';
import type { StepContext } from './context.js';
import type { JobFlow } from './module.js';
import { Product } from './product.js';

/** The snapshot a customer's `reset` goes back to. */
export const INITIAL_SNAPSHOT = 'initial';

/** Milliseconds between looks at a new site: the first, the factor, the longest. */
const LOOK = { firstMs: 50, factor: 1.5, longestMs: 2000 };

export abstract class HostedProduct extends Product {
  /** Port in the container that the proxy leads to. */
  protected upstreamPort(_context: StepContext): number {
    return 80;
  }

  /** Milliseconds that a new site may take until it answers rightly. */
  protected readonly patienceMs: number = 60_000;

  /** The recipe: makes the running container into the site. Must be repeatable. */
  protected abstract install(context: StepContext): Promise<void>;

  /**
   * One look at the site through the public door. Throws AgentError `site_unreachable` (nothing there yet) or `site_wrong` (it answers, but not with
   * what was installed); both are looked at again until the patience ends.
   */
  protected abstract look(context: StepContext): Promise<void>;

  createJob(): JobFlow {
    return {
      allocate: {
        timeoutS: 120,
        run: (context) => context.container.allocate(this.source(context.settings)),
      },
      container: {
        after: ['allocate'],
        timeoutS: 900,
        run: (context) => context.container.ensure(this.source(context.settings)),
        undo: (context) => context.container.remove(),
      },
      start: { after: ['container'], timeoutS: 180, run: (context) => context.container.start() },
      install: { after: ['start'], timeoutS: 1200, run: (context) => this.install(context) },
      dns: {
        after: ['allocate'],
        timeoutS: 120,
        run: (context) => context.dns.ensure(),
        undo: (context) => context.dns.remove(),
      },
      proxy: {
        after: ['allocate'],
        timeoutS: 120,
        run: (context) => context.proxy.ensure({ state: 'preparing', port: this.upstreamPort(context) }),
        undo: (context) => context.proxy.remove(),
      },
      // Beside `verify`: whoever looks at a frozen container waits a moment, a site found wrong is removed with its snapshot.
      snapshot: {
        after: ['install'],
        timeoutS: 600,
        run: (context) => context.container.snapshot(INITIAL_SNAPSHOT, 'As delivered', 'initial'),
      },
      verify: {
        after: ['install', 'dns', 'proxy'],
        timeoutS: 300,
        run: (context) => this.lookPatiently(context),
      },
      // Last: the HA manager would meddle with the container's locks.
      ha: {
        after: ['snapshot'],
        timeoutS: 120,
        run: (context) => context.ha.ensure(),
        undo: (context) => context.ha.remove(),
      },
      publish: {
        after: ['verify'],
        timeoutS: 120,
        run: (context) => context.proxy.ensure({ state: 'enabled', port: this.upstreamPort(context) }),
      },
    };
  }

  /** Visitors stop first, then what would start the container again; nothing of it can be taken back. */
  deleteJob(): JobFlow {
    return {
      proxy: { pivot: true, timeoutS: 120, run: (context) => context.proxy.remove() },
      dns: { pivot: true, timeoutS: 120, run: (context) => context.dns.remove() },
      ha: { pivot: true, timeoutS: 120, run: (context) => context.ha.remove() },
      container: {
        after: ['ha'],
        pivot: true,
        timeoutS: 900,
        run: (context) => context.container.remove(),
      },
    };
  }

  override policy(method: string): Partial<JobPolicy> {
    return method === 'create' ? { timeoutS: 2400 } : {};
  }

  private async lookPatiently(context: StepContext): Promise<void> {
    let pause = LOOK.firstMs;
    // The time of the looks themselves is bounded by their own deadlines and by the step's.
    for (let waited = 0; ; waited += pause, pause = Math.min(pause * LOOK.factor, LOOK.longestMs)) {
      const problem = await this.problemOf(context);
      if (!problem) return;
      if (waited >= this.patienceMs) throw problem;
      context.log.debug('the site is not right yet', { code: problem.code, detail: problem.detail ?? '' });
      await context.sleep(pause);
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
