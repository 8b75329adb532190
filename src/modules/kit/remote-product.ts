/**
 * Base class of products that create accounts on servers of the operator: hosting panels, mail servers, game panels.
 * Their services have no container and no site. The agent keeps the servers, chooses one for each order, and inspects
 * the accounts regularly.
 */
import { AgentError } from '../../kernel/errors.js';
import type { Json } from '../../kernel/json.js';
import type { StepContext } from './context.js';
import type { JobFlow } from './module.js';
import { Product } from './product.js';
import type { InspectContext, RemoteContext, ServerContext } from './server-contexts.js';
import type { Inspection, ServerUse } from './server-types.js';

type Work = Promise<Json | void>;

const TIMEOUT_S = 300;
const INSPECT_AGAIN_MS = 2_000;

export abstract class RemoteProduct extends Product {
  override readonly parts = [] as const;
  override readonly servers: ServerUse = {};

  /**
   * How long a change may take until `inspect` reports it, in milliseconds. If it is not reported by then, the change
   * is made again.
   */
  protected readonly patienceMs: number = 30_000;

  /** Checks that the server responds and accepts the credentials. May return a sentence, such as a version. */
  abstract override testConnection(context: ServerContext): Promise<string | void>;

  /** Reads the state of the account. A server that does not respond must be an error, not `exists: false`. */
  abstract override inspect(context: InspectContext): Promise<Inspection>;

  /** Creates the account. Must be repeatable: if an earlier run has created it, this must succeed. */
  protected abstract create(context: RemoteContext): Work;

  /** Removes the account. Must also succeed if there is none. */
  protected abstract remove(context: RemoteContext): Promise<void>;

  /** Suspends the account. Must be repeatable. */
  protected abstract suspend(context: RemoteContext): Work;

  /** Ends the suspension. Called only when no reason for a suspension remains. Must be repeatable. */
  protected abstract unsuspend(context: RemoteContext): Work;

  /** Applies another plan, which is `context.plan`. Must be repeatable. */
  protected abstract changePlan(context: RemoteContext): Work;

  /** Sets the e-mail address of the owner to `service.email`. Must be repeatable. */
  protected async setOwner(_context: RemoteContext): Work {}

  createJob(): JobFlow {
    return {
      // an order that arrived when all servers were full gets its server here
      server: { timeoutS: 60, run: ({ servers }) => servers.allocate() },
      create: {
        after: ['server'],
        concerns: 'account',
        timeoutS: TIMEOUT_S,
        run: (context) => this.changed(context, (on) => this.create(on), isLive, 'was not created'),
        undo: (context) => this.removed(context),
      },
    };
  }

  deleteJob = (): JobFlow => ({
    remove: {
      pivot: true,
      concerns: 'account',
      timeoutS: TIMEOUT_S,
      run: (context) => this.removed(context),
    },
  });

  suspendJob = (): JobFlow => ({
    suspend: {
      pivot: true,
      timeoutS: TIMEOUT_S,
      run: (context) => this.changed(context, (on) => this.suspend(on), isOff, 'was not suspended'),
    },
  });

  unsuspendJob = (): JobFlow => ({
    unsuspend: {
      timeoutS: TIMEOUT_S,
      run: async (context) =>
        isLastReason(context)
          ? this.changed(context, (on) => this.unsuspend(on), isLive, 'is still suspended')
          : undefined,
    },
  });

  setEmailJob = (): JobFlow => ({
    owner: { timeoutS: TIMEOUT_S, run: async (context) => this.setOwner(onServer(context)) },
  });

  upgradeJob = (): JobFlow => ({
    check: { timeoutS: 60, run: (context) => context.checkPlan() },
    change: {
      after: ['check'],
      timeoutS: TIMEOUT_S,
      run: async (context) => this.changePlan(onServer(context)),
    },
  });

  /** If no server was chosen yet, there is no account. */
  private async removed(context: StepContext): Promise<void> {
    if (context.server === null) return;
    await this.changed(context, (on) => this.remove(on), isGone, 'still exists');
  }

  /** Makes a change, and reads its effect back: an acknowledgement of the server is no proof. */
  private async changed(
    context: StepContext,
    change: (context: RemoteContext) => Work,
    isDone: (found: Inspection) => boolean,
    problem: string,
  ): Work {
    const on = onServer(context);
    const result = await change(on);
    for (let waitedMs = 0; ; waitedMs += INSPECT_AGAIN_MS) {
      const found = await this.inspect(on);
      if (isDone(found)) return result;
      if (waitedMs >= this.patienceMs)
        throw new AgentError('remote_failed', 'The server of this service did not make the change.', {
          retryable: true,
          detail: `${on.server.name}: the account ${problem}: ${JSON.stringify(found)}`,
        });
      await context.sleep(INSPECT_AGAIN_MS);
    }
  }
}

const isLive = ({ exists, active }: Inspection): boolean => exists && active !== false;
const isOff = ({ exists, active }: Inspection): boolean => !exists || active !== true;
const isGone = ({ exists }: Inspection): boolean => !exists;

/** Throws `module_failed` when no server was chosen for the service. */
export function onServer(context: StepContext): RemoteContext {
  const { server } = context;
  if (server) return { ...context, server };
  throw new AgentError('module_failed', 'No server was chosen for this service.', { retryable: false });
}

function isLastReason({ service, args }: StepContext): boolean {
  const { suspendedFor } = service;
  return suspendedFor.length > 0 && suspendedFor.every((reason) => reason === args['reason']);
}
