/** A process of its own that holds a folder's lock until it is killed; started by folder.test.ts. */
import { lockFolder } from '../../src/state/lock.js';

const [dir] = process.argv.slice(2);
if (dir !== undefined) {
  await lockFolder({ dir, onLost: () => process.exit(1) });
  console.log('held');
  setInterval(() => undefined, 60_000);
}
