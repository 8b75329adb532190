/** What endpoints of modules call, for applications whose modules never change. */
import type { AppDeps } from '../../src/http/server/app.js';

export const NO_ACTIVATION: Pick<
  AppDeps,
  'moduleLifecycle' | 'moduleSettings' | 'moduleLog' | 'installModule'
> = {
  moduleLifecycle: {
    activate: async () => null,
    update: async () => null,
    deactivate: async () => null,
  },
  moduleSettings: {
    read: () => ({ settings: {}, configured: [], own: [] }),
    replace: async (_, settings) => ({ settings, configured: [], own: [] }),
  },
  installModule: () => Promise.reject(new Error('no modules are installed here')),
  moduleLog: { read: async () => ({ lines: [], next: null }) },
};
