/**
 * Records the versions that are in use, and activates modules that were found for the first time. Called after a start
 * and after a rescan, so neither waits for the code of modules.
 */
import type { Logger } from 'pino';
import { asAgentError } from '../../kernel/errors.js';
import { isSameVersion, lifecycleJob, withActive } from '../../model/module-record.js';
import type { DiscoveredModule } from '../discovery/discover.js';
import type { LiveModules } from '../live-modules.js';
import { type ChosenModule, versionOf } from './choose-version.js';
import type { ModuleLifecycle } from '../../model/module-operations.js';
import type { ModuleRecords } from './module-records.js';

export interface SettleDeps {
  readonly records: ModuleRecords;
  readonly live: Pick<LiveModules, 'chosen'>;
  readonly lifecycle: Pick<ModuleLifecycle, 'activate' | 'update'>;
  readonly isShipped: (module: Pick<DiscoveredModule, 'path'>) => boolean;
  readonly log: Logger;
}

const OF_AGENT = { requestId: 'modules', interactive: false } as const;

/** Never rejects. What fails is tried again at the next start or rescan. */
export async function settleModules(deps: SettleDeps): Promise<void> {
  for (const chosen of deps.live.chosen())
    await settle(deps, chosen).catch((error: unknown) => {
      const { type, name } = chosen.one;
      deps.log.error(
        { module: `${type}/${name}`, detail: asAgentError(error).detail ?? String(error) },
        'a module could not be activated',
      );
    });
}

async function settle(
  { records, lifecycle, isShipped }: SettleDeps,
  { one, isInUse, isDue }: ChosenModule,
): Promise<void> {
  if (isDue) {
    await lifecycle.activate(one, OF_AGENT);
    return;
  }
  if (!isInUse) return;
  const shipped = isShipped(one);
  const version = versionOf(one, shipped);
  const record = records.find(one);
  if (record?.state === 'active' && isSameVersion(record.active, version)) return;
  const isUpdate = shipped && record?.state === 'active' && one.read?.declared.lifecycle.includes('update');
  if (isUpdate === true) await lifecycle.update(one, OF_AGENT);
  else
    await records.change(one, (current) => (lifecycleJob(current) ? current : withActive(current, version)));
}
