/** The memory world as a process of its own, so that it stays when the daemon dies. */
import { startMemoryEnvironment } from '../../src/sandbox/memory/environment.js';

const [stateDir = '', apiPort = '0', delays = '0'] = process.argv.slice(2);
const world = await startMemoryEnvironment({
  stateDir,
  apiPort: Number(apiPort),
  delays: Number(delays),
  // less than the daemon waits for one answer, as with the real one
  proxyTimeoutMs: 1_000,
  log: () => {},
});
// whoever started us is gone
process.on('disconnect', () => process.exit(0));
process.send?.({
  configFile: world.configFile,
  control: world.control,
  caFile: world.caFile,
  httpsPort: world.proxy.httpsPort,
});
