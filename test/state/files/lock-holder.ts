/** A process of its own that holds a folder's lock until it is killed or loses it; started by tests. */
import { setTimeout as delay } from 'node:timers/promises';
import { lockFolder } from '../../../src/state/files/lock.js';

const [dir] = process.argv.slice(2);
if (dir !== undefined) {
  const lost = async (reason: string): Promise<void> => {
    console.log(reason);
    // as a daemon, which takes a moment to end
    await delay(300);
    process.exit(1);
  };
  await lockFolder({ dir, onLost: (reason) => void lost(reason) });
  console.log('held');
  setInterval(() => undefined, 60_000);
}
