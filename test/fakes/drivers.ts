/** Drivers that do nothing but remember; `answers` makes single calls fail or wait. */
import type { JsonObject } from '../../src/kernel/json.js';
import { Secret } from '../../src/kernel/secret.js';
import type { DriverCall } from '../../src/drivers/shared/call.js';
import type { ClusterView, ClusterWatch } from '../../src/drivers/guest/contract.js';
import { noIssuer } from '../../src/drivers/issuer/none/index.js';
import type { Drivers } from '../../src/drivers/table.js';

export interface FakeDrivers extends Drivers {
  readonly calls: string[];
  readonly notesSeen: Readonly<JsonObject>[];
  /** Called with the name of each call before it answers; may throw or wait. */
  before: (name: string, call: DriverCall) => Promise<void>;
  readonly passwords: string[];
}

export const emptyView: ClusterView = { at: 0, nodes: [], guests: [], storages: [] };

export function fakeWatch(
  view: ClusterView = emptyView,
  used: ReadonlySet<string> = new Set(),
): ClusterWatch {
  return {
    latest: () => view,
    guest: (vmid) => view.guests.find((guest) => guest.vmid === vmid),
    usedAddresses: () => used,
    staleSince: () => undefined,
    fresh: async () => view,
    close: () => {},
  };
}

export function fakeDrivers(): FakeDrivers {
  const calls: string[] = [];
  const notesSeen: Readonly<JsonObject>[] = [];
  const passwords: string[] = [];
  const done = async (name: string, call: DriverCall): Promise<void> => {
    calls.push(name);
    notesSeen.push(call.notes);
    await call.note({ upid: `UPID:${name}` });
    await drivers.before(name, call);
  };
  const close = async (): Promise<void> => {};
  const drivers: FakeDrivers = {
    calls,
    notesSeen,
    passwords,
    before: async () => {},
    guest: {
      capabilities: { snapshots: true, ha: true },
      look: async () => emptyView,
      usedAddresses: async () => new Set(),
      listOsTemplates: async () => [
        {
          ...{ name: 'debian-12-standard', version: '12.7-1', node: 'pve1', sizeBytes: 1 },
          volume: 'local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst',
        },
      ],
      place: () => 'pve1',
      spread: (_, count) => new Map([['pve1', count]]),
      async ensureContainer(spec, call) {
        await done(`ensureContainer ${spec.vmid}`, call);
        return { node: spec.node };
      },
      find: async () => undefined,
      listContainers: async () => ({ read: [], unread: [] }),
      listHa: async () => [],
      ensureStarted: (_, call) => done('ensureStarted', call),
      ensureStopped: (_at, _graceS, call) => done('ensureStopped', call),
      ensureResources: (_at, _resources, call) => done('ensureResources', call),
      removeContainer: ({ vmid }, call) => done(`removeContainer ${vmid}`, call),
      convertToTemplate: (_, call) => done('convertToTemplate', call),
      listSnapshots: async () => [],
      ensureSnapshot: (_at, name, _description, call) => done(`ensureSnapshot ${name}`, call),
      removeSnapshot: (_at, name, call) => done(`removeSnapshot ${name}`, call),
      rollback: (_at, name, call) => done(`rollback ${name}`, call),
      ensureHa: (_, call) => done('ensureHa', call),
      removeHa: (_, call) => done('removeHa', call),
      close,
    },
    exec: {
      async run(_, script, call) {
        for (const value of Object.values(script.values))
          if (value instanceof Secret) passwords.push(value.reveal());
        await done(`run ${script.name}`, call);
        return { exitCode: 0, stdout: '', stderr: '', truncated: false };
      },
      close,
    },
    dns: {
      capabilities: { records: true },
      ensureRecord: (record, call) => done(`ensureRecord ${record.name} ${record.type}`, call),
      removeRecord: (record, call) => done(`removeRecord ${record.name} ${record.type}`, call),
      find: async () => undefined,
      list: async () => [],
      close,
    },
    proxy: {
      ensureHost: (host, call) => done(`ensureHost ${host.names.join()}`, call),
      removeHost: (_, call) => done('removeHost', call),
      find: async () => undefined,
      list: async () => [],
      ensureCertificate: ({ names }, call) => done(`ensureCertificate ${names.join()}`, call),
      removeCertificate: (id, call) => done(`removeCertificate ${id}`, call),
      listCertificates: async () => [],
      ensureChallenge: (token, _content, call) => done(`ensureChallenge ${token}`, call),
      removeChallenge: (token, call) => done(`removeChallenge ${token}`, call),
      close,
    },
    lookup: {
      addresses: async () => ({ addresses: [], aliases: [] }),
      texts: async () => [],
      authorities: async () => undefined,
      nameServers: async () => [],
      knock: async () => [],
      close,
    },
    issuer: noIssuer(),
    web: { fetch: async () => ({ status: 200, headers: {}, cookies: {}, body: '' }), close },
  };
  return drivers;
}
