/**
 * Builds one template with a given VMID: creates a container from the OS template, runs the recipe's scripts in it, and
 * converts it. If the build fails, the container is removed.
 */
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import { anySignal } from '../kernel/async/any-signal.js';
import { AgentError, asAgentError } from '../kernel/errors.js';
import type { Mark } from '../kernel/mark.js';
import { plainCall } from '../drivers/shared/call.js';
import type { ExecDriver } from '../drivers/exec/contract.js';
import type { ContainerSpec, GuestAt, GuestDriver } from '../drivers/guest/contract.js';
import type { TemplateRecipe } from '../modules/kit/product.js';
import { freeAddress } from './place-template.js';

export type TemplatePhase = 'create' | 'start' | 'script' | 'stop' | 'convert' | 'replace' | 'remove';

export interface TemplateProgress {
  readonly node: string;
  readonly vmid: number;
  readonly phase: TemplatePhase;
  /** In the phase `script`, the name of the script. */
  readonly script?: string;
}

export interface TemplateWork {
  readonly recipe: TemplateRecipe;
  /** The OS template. */
  readonly volume: string;
  readonly mark: Mark;
  readonly config: Config;
  readonly guest: GuestDriver;
  readonly exec: ExecDriver;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** True for addresses that services hold. Default: only addresses that the cluster shows are treated as used. */
  readonly isClaimed?: (address: string) => boolean;
  readonly progress?: (event: TemplateProgress) => void;
}

/** Time limit for the removal of an unfinished container after a failure, in milliseconds. */
const CLEAN_UP_MS = 180_000;
const STOP_GRACE_S = 60;

/** Throws `vmid_taken`, `template_missing`, `capacity_exhausted`, `recipe_failed`, and what the drivers throw. */
export async function makeTemplate(work: TemplateWork, node: string, vmid: number): Promise<void> {
  const { guest, recipe, signal } = work;
  const at: GuestAt = { vmid, mark: work.mark };
  const say = (phase: TemplatePhase, script?: string): void => {
    work.log.info({ vmid, node, phase, ...(script === undefined ? {} : { script }) }, 'building a template');
    work.progress?.({ node, vmid, phase, ...(script === undefined ? {} : { script }) });
  };
  const spec: ContainerSpec = {
    ...at,
    node,
    hostname: recipe.name,
    source: { kind: 'os', volume: work.volume },
    resources: recipe.resources,
    addresses: [await freeAddress(work)],
    tags: ['innkeeper', 'template'],
  };
  try {
    say('create');
    await guest.ensureContainer(spec, plainCall(signal)).catch((error: unknown) => {
      throw osTemplateMissing(error, work.volume, node);
    });
    say('start');
    await guest.ensureStarted(at, plainCall(signal));
    for (const script of recipe.scripts) {
      say('script', script.name);
      await runScript(work, node, vmid, script);
    }
    say('stop');
    await guest.ensureStopped(at, STOP_GRACE_S, plainCall(signal));
    // the address is removed, because it was needed only for the installation
    await guest.ensureContainer({ ...spec, addresses: [] }, plainCall(signal));
    say('convert');
    await guest.convertToTemplate(at, plainCall(signal));
  } catch (error) {
    if (!(error instanceof AgentError && error.code === 'vmid_taken')) {
      say('remove');
      await removeQuietly(work, at);
    }
    throw error;
  }
}

function osTemplateMissing(thrown: unknown, volume: string, node: string): unknown {
  const error = asAgentError(thrown);
  const said = `${error.detail ?? ''} ${error.cause instanceof Error ? error.cause.message : ''}`;
  const aboutIt = said.includes(volume) && /does not exist|no such|not found|can't find/i.test(said);
  if (error.code !== 'container_host_failed' || !aboutIt) return thrown;
  return new AgentError('template_missing', 'The OS template does not exist on the container host.', {
    role: 'container host',
    cause: thrown,
    detail: `${volume} is not on ${node}: download it with pveam, or set container_host.proxmox.os_template`,
  });
}

async function runScript(
  work: TemplateWork,
  node: string,
  vmid: number,
  script: TemplateRecipe['scripts'][number],
): Promise<void> {
  const stop = anySignal(work.signal, AbortSignal.timeout(script.timeoutS * 1000));
  const { exitCode, stdout, stderr } = await work.exec
    .run({ node, vmid }, { name: script.name, body: script.body, values: {} }, plainCall(stop.signal))
    .finally(stop.release);
  if (exitCode === 0) return;
  throw new AgentError('recipe_failed', 'The installation failed in the container.', {
    detail: `${script.name} exited with ${exitCode}: ${stderr.slice(-2000) || stdout.slice(-2000)}`,
  });
}

/**
 * Removes the container of a failed build. A failure to remove it is only logged, because the caller needs the error of
 * the build. The next build finds the container and removes it.
 */
async function removeQuietly(work: TemplateWork, at: GuestAt): Promise<void> {
  try {
    await work.guest.removeContainer(at, plainCall(AbortSignal.timeout(CLEAN_UP_MS)));
  } catch (error) {
    work.log.error({ vmid: at.vmid, err: error }, 'the unfinished template could not be removed');
  }
}
