/** What all modules can use of the agent, with alerts and metrics that a test can read. Loopback is not public here. */
import { pino } from 'pino';
import type { AlertSpec } from '../../src/model/alert.js';
import { type ModuleCallDeps, type OpenModuleCalls, openModuleCalls } from '../../src/modules/calls/table.js';
import { SecretBox } from '../../src/state/keys/secret-box.js';
import { handClock } from './clock.js';

export interface FakeModuleCalls extends OpenModuleCalls {
  readonly alerts: Map<string, AlertSpec>;
  readonly ran: object[];
}

export function fakeModuleCalls(
  deps: Pick<ModuleCallDeps, 'stateDir' | 'services'> & Partial<ModuleCallDeps>,
): FakeModuleCalls {
  const alerts = new Map<string, AlertSpec>();
  const ran: object[] = [];
  const opened = openModuleCalls({
    ...{ clock: handClock(), log: pino({ enabled: false }), panels: {} },
    box: new SecretBox(Buffer.alloc(32, 3)),
    isPublic: (address) => !address.startsWith('127.') && address !== '::1',
    readsOf: ({ name }) => (name === 'reader' ? ['services'] : []),
    ran: (run) => void ran.push(run),
    emitEvent: async () => ({ id: '01890000-0000-7000-8000-000000000001' }),
    addTask: async () => ({ id: '01890000-0000-7000-8000-000000000000' }),
    alerts: {
      raise: async (spec) => void alerts.set(spec.subject, spec),
      clear: async (_, subject) => void alerts.delete(subject),
      active: () => [...alerts.values()],
    },
    ...deps,
  });
  return { ...opened, alerts, ran };
}
