/** Opens the state folder: locks it, reads everything, and hands out the stores. */
import { instant } from '../domain/clock.js';
import { Archive } from './archive.js';
import type { DomainRecord } from '../domain/domain-record.js';
import { acmeAccountKind } from './acme-account-document.js';
import type { AcmeAccount, ApiToken, OpenState, RememberedCall, State, ZoneRecord } from './contract.js';
import { Disk } from './disk.js';
import { EventLog } from './event-log.js';
import { bootFileSystem, nodeFileSystem } from './file-system.js';
import { domainKind } from './domain-document.js';
import { lockFolder, type FolderLock } from './lock.js';
import { makeRoot } from './root-folder.js';
import { SecretBox } from './secret-box.js';
import { Services } from './services.js';
import { Documents } from './system.js';
import { tokenKind } from './token-document.js';
import { rememberedKind } from './remembered-document.js';
import { zoneKind } from './zone-document.js';

const CLOSED = 'the state was closed';

export const openState: OpenState = async ({ dir, key, clock, warn = () => undefined }) => {
  await makeRoot(dir);
  const disk = new Disk(bootFileSystem);
  const lock = await lockFolder({ dir, onLost: (reason) => disk.refuseAll(reason) });
  try {
    const common = { disk, box: new SecretBox(key), dir, now: () => instant(clock), warn };
    const events = await EventLog.open(common);
    const idOf = ({ id }: { readonly id: string }): string => id;
    const [services, tokens, domains, acmeAccounts, zones, remembered] = await Promise.all([
      Services.open({ ...common, events }),
      Documents.open<ApiToken>({ ...common, folder: 'tokens', kind: tokenKind, idOf }),
      Documents.open<DomainRecord>({ ...common, folder: 'domains', kind: domainKind, idOf }),
      Documents.open<AcmeAccount>({ ...common, folder: 'acme', kind: acmeAccountKind, idOf }),
      Documents.open<ZoneRecord>({ ...common, folder: 'zones', kind: zoneKind, idOf }),
      Documents.open<RememberedCall>({ ...common, folder: 'remembered', kind: rememberedKind, idOf }),
    ]);
    disk.fs = nodeFileSystem;
    await events.recovered();
    const archive = new Archive(disk, dir);
    return stateOf(
      { disk, dir, lock, warn },
      {
        services,
        archive,
        events,
        tokens,
        domains,
        acmeAccounts,
        zones,
        remembered,
      },
    );
  } catch (error) {
    await lock.release();
    throw error;
  }
};

interface Stores {
  readonly services: Services;
  readonly archive: Archive;
  readonly events: EventLog;
  readonly tokens: Documents<ApiToken>;
  readonly domains: Documents<DomainRecord>;
  readonly acmeAccounts: Documents<AcmeAccount>;
  readonly zones: Documents<ZoneRecord>;
  readonly remembered: Documents<RememberedCall>;
}

interface Opened {
  readonly disk: Disk;
  readonly dir: string;
  readonly lock: FolderLock;
  readonly warn: (message: string, detail: string) => void;
}

const PROBE_MS = 2_000;

/** While writes fail: looks whether they would succeed again, then what was left unwritten is written. */
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

function stateOf(opened: Opened, stores: Stores): State {
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
    // a change that slipped in between is either refused or under way: the lock must outlive it
    await idle();
    await lock.release();
  };
  return {
    ...stores,
    get broken() {
      return disk.broken !== undefined && disk.broken !== CLOSED;
    },
    get failing() {
      return disk.failing;
    },
    close: () => (closed ??= close()),
  };
}
