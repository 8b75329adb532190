/** The memory environment as a separate process, so that it stays when the daemon dies. */
import { startMemoryEnvironment } from '../../src/sandbox/memory/environment.js';

const [stateDir = '', apiPort = '0', delays = '0'] = process.argv.slice(2);
const world = await startMemoryEnvironment({
  stateDir,
  apiPort: Number(apiPort),
  delays: Number(delays),
  // shorter than the daemon waits for a response, as with the real proxy
  proxyTimeoutMs: 1_000,
  log: () => {},
});
// the harness has ended
process.on('disconnect', () => process.exit(0));
process.send?.({
  configFile: world.configFile,
  control: world.control,
  caFile: world.caFile,
  httpsPort: world.proxy.httpsPort,
});
