/** The Proxmox driver at a look-alike on a random port, for tests of what the two make of each other. */
import type { Test } from 'tap';
import { pino } from 'pino';
import type { ProxmoxConfig } from '../../src/config/config.js';
import { type Clock, systemClock } from '../../src/kernel/clock.js';
import type { Mark } from '../../src/kernel/mark.js';
import { type DriverCall, plainCall } from '../../src/drivers/shared/call.js';
import type { Circuits } from '../../src/drivers/shared/circuit.js';
import type { ContainerSpec, GuestDriver, Source } from '../../src/drivers/guest/contract.js';
import { proxmoxGuestDriver } from '../../src/drivers/guest/proxmox/index.js';
import { type MemoryBackend, memoryBackend } from '../../src/sandbox/memory/containers.js';
import type { PveOptions } from '../../src/sandbox/pve/options.js';
import { type Pve, startPve } from '../../src/sandbox/pve/start.js';
import { proxmoxConfig, TOKEN_SECRET } from './proxmox-config.js';
import { selfSigned } from './tls-files.js';

export const TEMPLATE = 'innkeeper-wordpress';
export const mark: Mark = { agent: 'a1', panel: 'default', service: '42', generation: 1 };
export const at = { vmid: 5001, mark };
export const spec: ContainerSpec & { readonly source: Source } = {
  ...at,
  node: 'pve2',
  hostname: 'blog.example.test',
  source: { kind: 'template', name: TEMPLATE },
  resources: { cores: 2, memoryMb: 2048, swapMb: 512, diskGb: 20 },
  addresses: [{ address: '10.77.0.21', prefix: 24, gateway: '10.77.0.1' }],
  tags: ['innkeeper'],
};
export const call = (): DriverCall => plainCall(new AbortController().signal);

/** Twenty times as fast as the real one. */
export const fastClock: Clock = {
  now: () => Date.now() * 20,
  monotonic: () => performance.now() * 20,
  trusted: () => true,
  sleep: (ms, signal, background) => systemClock.sleep(ms / 20, signal, background),
};

export interface LookalikeDriver {
  readonly pve: Pve;
  readonly backend: MemoryBackend;
  readonly driver: GuestDriver;
  readonly config: ProxmoxConfig;
}

export async function driverAtLookalike(
  t: Test,
  options: Partial<PveOptions> = {},
  over: Partial<ProxmoxConfig> = {},
  circuits?: Circuits,
): Promise<LookalikeDriver> {
  const certificate = await selfSigned();
  const backend = await memoryBackend({});
  const pve = await startPve({
    backend,
    tls: certificate,
    token: { id: 'innkeeper@pve!agent', secret: TOKEN_SECRET },
    delays: 0,
    pools: ['innkeeper'],
    ...options,
  });
  const config = proxmoxConfig({
    urls: [pve.url],
    fingerprint: certificate.fingerprint,
    storage: 'local-btrfs',
    ...over,
  });
  const log = pino({ level: 'silent' });
  const driver = proxmoxGuestDriver(config, { clock: fastClock, log, ...(circuits ? { circuits } : {}) });
  t.teardown(async () => {
    await driver.close();
    await pve.close();
    await backend.close();
  });
  return { pve, backend, driver, config };
}
