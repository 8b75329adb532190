/**
 * `innkeeper doctor`: the list of all checks, and the parts they need. Changes nothing but a DNS record of its own,
 * which it takes away again; reloads the proxy.
 */
import { pino } from 'pino';
import type { Config } from '../config/config.js';
import type { Clock } from '../kernel/clock.js';
import { dnsDriver } from '../drivers/build.js';
import { proxmoxExaminer } from '../drivers/guest/proxmox/examine.js';
import { nginxExaminer } from '../drivers/proxy/nginx/examine.js';
import type { Products } from '../modules/registry.js';
import type { Check, Line } from './check.js';
import { apiChecks } from './checks/api.js';
import { authorityChecks } from './checks/authority.js';
import { clockChecks } from './checks/clock.js';
import { clusterChecks } from './checks/cluster.js';
import { containerHostChecks } from './checks/container-host.js';
import { descriptorChecks } from './checks/descriptors.js';
import { documentsOf } from './documents.js';
import { dnsChecks } from './checks/dns.js';
import { execChecks } from './checks/exec.js';
import { hookChecks } from './checks/hooks.js';
import { lockChecks } from './checks/locks.js';
import { knownContainersCheck } from './checks/known-containers.js';
import { modulesCheck } from './checks/modules.js';
import { proxyChecks } from './checks/proxy.js';
import { stateChecks } from './checks/state.js';
import { troubleChecks } from './checks/troubles.js';
import type { DaemonSide, DoctorParts } from './parts.js';
import type { BrokenPart } from '../modules/catalogue.js';
import { runChecks } from './run-checks.js';

export interface Examination {
  readonly configFile: string;
  readonly config: Config;
  readonly products: Products;
  readonly broken?: readonly BrokenPart[];
  readonly clock: Clock;
  readonly daemon: DaemonSide;
}

/** In the order in which an operator mends them. */
export function allChecks(parts: DoctorParts): Check[] {
  const documents = documentsOf(parts);
  return [
    ...stateChecks(parts, documents.read),
    ...clockChecks(parts),
    ...descriptorChecks(parts),
    ...troubleChecks(documents.read),
    modulesCheck(parts, documents.read),
    ...apiChecks(parts),
    ...containerHostChecks(parts),
    knownContainersCheck(parts, documents.read, documents.readAgain),
    ...clusterChecks(parts),
    ...lockChecks(parts),
    ...execChecks(parts),
    ...dnsChecks(parts),
    ...proxyChecks(parts),
    ...authorityChecks(parts),
    ...hookChecks(parts),
  ];
}

/** Never rejects for what is wrong with the surroundings: that is in the lines. */
export async function examine(examination: Examination): Promise<Line[]> {
  const { config, clock } = examination;
  const log = pino({ level: 'silent' });
  const pve = proxmoxExaminer(config.container_host.proxmox, { clock, log });
  const dns = await dnsDriver(config, {});
  const nginx = nginxExaminer(config.proxy, config.addresses.pools, clock);
  try {
    return await runChecks(allChecks({ ...examination, pve, dns, nginx }));
  } finally {
    await Promise.all([pve.close(), dns.close(), nginx.close()]);
  }
}
