/**
 * Reads the actual state from every remote system. A system that cannot be read, or that the agent does not manage,
 * is unknown.
 */
import { asAgentError } from '../kernel/errors.js';
import type { System, ActualState } from '../model/actual-state.js';
import { type DriverCall, plainCall } from '../drivers/shared/call.js';
import { withLimit } from '../kernel/async/with-limit.js';
import type { OperationContext } from '../services/context.js';

/** Time limit of one read. Reading a cluster of thousands of containers takes minutes. */
const LOOK_MS = 300_000;

export async function readActualState(
  { drivers, log }: Pick<OperationContext, 'drivers' | 'log'>,
  stop: AbortSignal,
): Promise<ActualState> {
  const { guest, dns, proxy } = drivers;
  const ask = async <T>(system: System, question: (call: DriverCall) => Promise<T>): Promise<T | null> => {
    try {
      return await withLimit(stop, LOOK_MS, (signal) => question(plainCall(signal)));
    } catch (error) {
      stop.throwIfAborted();
      const { code, detail } = asAgentError(error);
      log.warn({ system, code, detail }, 'a system could not be compared with the records');
      return null;
    }
  };
  const [containers, ha, records, hosts, certificates] = await Promise.all([
    ask('containers', (call) => guest.listContainers(call)),
    guest.capabilities.ha ? ask('ha', (call) => guest.listHa(call)) : null,
    dns.capabilities.records ? ask('dns', (call) => dns.list(call)) : null,
    ask('proxy', (call) => proxy.list(call)),
    ask('certificates', (call) => proxy.listCertificates(call)),
  ]);
  return { containers, ha, dns: records, proxy: hosts, certificates };
}
