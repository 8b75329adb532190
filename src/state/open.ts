/** Opens the state folder: locks it, reads everything, and returns the stores. */
import { type Clock, instant } from '../kernel/clock.js';
import type { AlertRecord } from '../model/alert.js';
import { alertKind } from './documents/alert-document.js';
import { AuditLog } from './logs/audit-log.js';
import { Archive } from './logs/archive.js';
import type { CustomDomainRecord } from '../model/custom-domain.js';
import { acmeAccountKind } from './documents/acme-account-document.js';
import type {
  AcmeAccount,
  ApiToken,
  FileOperationEnd,
  RememberedCall,
  State,
  ZoneRecord,
} from './contract.js';
import { Disk, unavailable } from './files/disk.js';
import { EventLog } from './logs/event-log.js';
import { LogCursors } from './logs/log-cursor.js';
import { exportState } from './transfer/export.js';
import { bootFileSystem, type FileSystem, nodeFileSystem } from './files/file-system.js';
import { domainKind } from './documents/domain-document.js';
import { instanceKind } from './documents/instance-document.js';
import { Collections } from './collections/collection-store.js';
import { copyInstant, removeStaleCopies } from './transfer/instant-copy.js';
import { KeyRotation } from './keys/key-rotation.js';
import { afterReading } from './files/deferred-writes.js';
import type { DamagedDocument } from './stores/damaged.js';
import { lockFolder, type FolderLock } from './files/lock.js';
import { makeRoot } from './files/root-folder.js';
import { SecretBox } from './keys/secret-box.js';
import { Services } from './stores/services.js';
import { DurableDocumentStore } from './stores/document-store.js';
import { timedFileSystem } from './files/timed-file-system.js';
import { tokenKind } from './documents/token-document.js';
import { cursorKeyOf, EPOCHS_FOLDER, type LogEpoch, logEpochKind } from './documents/log-epoch-document.js';
import { moduleWorkKind } from './documents/module-work-document.js';
import { MODULE_RECORDS_FOLDER, moduleKind } from './documents/module-document.js';
import { planKind } from './documents/plan-document.js';
import { rememberedKind } from './documents/remembered-document.js';
import type { ModuleInstance } from '../model/module-instance.js';
import type { ModuleRecord } from '../model/module-record.js';
import type { Reservation } from '../model/reservation.js';
import type { Server } from '../model/server.js';
import type { StoredPlan } from '../model/stored-plan.js';
import type { ModuleWork } from '../model/module-work.js';
import type { Task } from '../model/task.js';
import { reservationKind } from './documents/reservation-document.js';
import { serverKind } from './documents/server-document.js';
import { taskKind } from './documents/task-document.js';
import { refuseUnfinishedImport } from './files/unfinished-import.js';
import { zoneKind } from './documents/zone-document.js';

const CLOSED = 'the state was closed';

export interface StateOptions {
  readonly dir: string;
  readonly key: Buffer;
  /** Former keys that documents may still need. */
  readonly formerKeys?: readonly Buffer[];
  /** Whether the key is the agent's own `secret.key` in the folder. Default: false. */
  readonly ownKeyFile?: boolean;
  readonly clock: Clock;
  /** Called to log damaged documents and unexpected files in the folder. */
  readonly warn?: (message: string, detail: string) => void;
  /** Default: 365. */
  readonly auditKeepDays?: number;
  /** Called after every file operation that makes a change durable, once the start has finished. */
  readonly fileOperation?: (end: FileOperationEnd) => void;
  /** Wraps the file operations that write the documents. */
  readonly around?: (files: FileSystem) => FileSystem;
}

/**
 * Locks the state folder, and reads and migrates all documents. If another daemon uses the folder, throws AgentError
 * `state_unavailable`, which names that daemon.
 */
export async function openState({
  dir,
  key,
  formerKeys = [],
  ownKeyFile = false,
  clock,
  warn = () => undefined,
  auditKeepDays = 365,
  fileOperation,
  around = (files) => files,
}: StateOptions): Promise<State> {
  await makeRoot(dir);
  const disk = new Disk(around(bootFileSystem));
  const lock = await lockFolder({ dir, onLost: (reason) => disk.refuseAll(reason) });
  disk.guard = () => lock.problem();
  try {
    await refuseUnfinishedImport(dir);
    const { later, run: changeFolder } = afterReading();
    later(() => removeStaleCopies(dir));
    const box = new SecretBox(key, formerKeys);
    const clockTrusted = (): boolean => clock.trusted();
    const setAsideNow: DamagedDocument[] = [];
    const onDamaged = (found: DamagedDocument): void => void setAsideNow.push(found);
    const common = { disk, box, dir, now: () => instant(clock), clockTrusted, warn, later, onDamaged };
    const idOf = ({ id }: { readonly id: string }): string => id;
    const epochs = await DurableDocumentStore.open<LogEpoch>({
      ...common,
      folder: EPOCHS_FOLDER,
      kind: logEpochKind,
      idOf,
    });
    const cursors = new LogCursors(cursorKeyOf(epochs, common.now));
    const events = await EventLog.open({ ...common, cursors });
    const audit = await AuditLog.open({ ...common, cursors, keepDays: auditKeepDays });
    const servers = await DurableDocumentStore.open<Server>({
      ...common,
      folder: 'servers',
      kind: serverKind,
      idOf,
    });
    const moduleWork = await DurableDocumentStore.open<ModuleWork>({
      ...common,
      folder: 'module-work',
      kind: moduleWorkKind,
      idOf,
    });
    const instances = await DurableDocumentStore.open<ModuleInstance>({
      ...common,
      folder: 'instances',
      kind: instanceKind,
      idOf,
    });
    const modules = await DurableDocumentStore.open<ModuleRecord>({
      ...common,
      folder: MODULE_RECORDS_FOLDER,
      kind: moduleKind,
      idOf,
    });
    const [services, tokens, domains, acmeAccounts, zones, remembered, alerts, reservations, plans, tasks] =
      await Promise.all([
        Services.open({ ...common, events }),
        DurableDocumentStore.open<ApiToken>({ ...common, folder: 'tokens', kind: tokenKind, idOf }),
        DurableDocumentStore.open<CustomDomainRecord>({
          ...common,
          folder: 'domains',
          kind: domainKind,
          idOf,
        }),
        DurableDocumentStore.open<AcmeAccount>({ ...common, folder: 'acme', kind: acmeAccountKind, idOf }),
        DurableDocumentStore.open<ZoneRecord>({ ...common, folder: 'zones', kind: zoneKind, idOf }),
        DurableDocumentStore.open<RememberedCall>({
          ...common,
          folder: 'remembered',
          kind: rememberedKind,
          idOf,
        }),
        DurableDocumentStore.open<AlertRecord>({ ...common, folder: 'alerts', kind: alertKind, idOf }),
        DurableDocumentStore.open<Reservation>({
          ...common,
          folder: 'reservations',
          kind: reservationKind,
          idOf,
        }),
        DurableDocumentStore.open<StoredPlan>({ ...common, folder: 'plans', kind: planKind, idOf }),
        DurableDocumentStore.open<Task>({ ...common, folder: 'tasks', kind: taskKind, idOf }),
      ]);
    await changeFolder();
    const files = around(nodeFileSystem);
    disk.fs = fileOperation ? timedFileSystem(files, fileOperation) : files;
    await events.recovered();
    const archive = new Archive(disk, dir);
    const damaged = [...services.damaged, ...setAsideNow];
    const collections = new Collections({ ...common, onDamaged: (found) => void damaged.push(found) });
    const keys = new KeyRotation({
      ...common,
      ownFile: ownKeyFile,
      stores: [services, domains, acmeAccounts, remembered, epochs, instances, servers, modules, collections],
    });
    const stores = {
      collections,
      keys,
      epochs,
      services,
      archive,
      events,
      audit,
      tokens,
      domains,
      acmeAccounts,
      zones,
      remembered,
      alerts,
      reservations,
      plans,
      tasks,
      instances,
      servers,
      moduleWork,
      modules,
    };
    const exportCopy: State['exportCopy'] = async ({ agent, withKey }) => {
      const copy = await copyInstant(disk, dir).catch((error: unknown) => {
        throw unavailable('the state cannot be copied', error);
      });
      // during a key rotation the secrets are encrypted with two different keys, so an export with one key could not be
      // read
      if (keys.status().rewriting) {
        await copy.remove();
        throw unavailable('the key is being rotated');
      }
      return exportState(copy, {
        agent,
        withKey,
        madeAt: instant(clock),
        key: { id: box.keyId, bytes: box.key },
      });
    };
    return stateOf({ disk, dir, lock, warn, damaged }, stores, exportCopy);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

interface Stores {
  readonly collections: Collections;
  readonly keys: KeyRotation;
  readonly epochs: DurableDocumentStore<LogEpoch>;
  readonly services: Services;
  readonly archive: Archive;
  readonly events: EventLog;
  readonly audit: AuditLog;
  readonly tokens: DurableDocumentStore<ApiToken>;
  readonly domains: DurableDocumentStore<CustomDomainRecord>;
  readonly acmeAccounts: DurableDocumentStore<AcmeAccount>;
  readonly zones: DurableDocumentStore<ZoneRecord>;
  readonly remembered: DurableDocumentStore<RememberedCall>;
  readonly alerts: DurableDocumentStore<AlertRecord>;
  readonly reservations: DurableDocumentStore<Reservation>;
  readonly plans: DurableDocumentStore<StoredPlan>;
  readonly tasks: DurableDocumentStore<Task>;
  readonly instances: DurableDocumentStore<ModuleInstance>;
  readonly servers: DurableDocumentStore<Server>;
  readonly moduleWork: DurableDocumentStore<ModuleWork>;
  readonly modules: DurableDocumentStore<ModuleRecord>;
}

interface Opened {
  readonly disk: Disk;
  readonly dir: string;
  readonly lock: FolderLock;
  readonly warn: (message: string, detail: string) => void;
  /** Damaged documents that were set aside, by this daemon or an earlier one. */
  readonly damaged: State['damaged'];
}

const PROBE_MS = 2_000;

/**
 * While writes fail, checks regularly whether the disk can be written again. When it can, the events that are not in
 * the log yet are written.
 */
function lookForRoom({ disk, dir, warn }: Opened, events: EventLog): () => void {
  let was: string | undefined;
  let busy = false;
  const look = async (): Promise<void> => {
    const now = disk.failing;
    if (now !== undefined && was === undefined)
      warn('the state cannot be written: requests are refused', now);
    was = now;
    if (now === undefined) return;
    await disk.probe(dir);
    if (disk.failing !== undefined) return;
    warn('the state can be written again', now);
    was = undefined;
    events.goOn();
  };
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    void look().finally(() => (busy = false));
  }, PROBE_MS);
  timer.unref();
  return () => clearInterval(timer);
}

function stateOf(opened: Opened, stores: Stores, exportCopy: State['exportCopy']): State {
  const { disk, lock } = opened;
  const stopLooking = lookForRoom(opened, stores.events);
  let closed: Promise<void> | undefined;
  const idle = async (): Promise<void> => {
    await Promise.all(Object.values(stores).map((store: { idle(): Promise<void> }) => store.idle()));
  };
  const close = async (): Promise<void> => {
    stopLooking();
    await idle();
    disk.refuseAll(CLOSED);
    // a change that began in the meantime may still be in progress, so the lock is kept until all changes have ended
    await idle();
    await lock.release();
  };
  return {
    ...stores,
    damaged: opened.damaged,
    exportCopy,
    get broken() {
      return disk.broken !== undefined && disk.broken !== CLOSED;
    },
    get brokenBy() {
      return disk.broken === CLOSED ? undefined : disk.broken;
    },
    get failing() {
      return disk.failing;
    },
    close: () => (closed ??= close()),
  };
}
