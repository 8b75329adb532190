/** Prepares the process of a test file, before tap and the file are loaded. */
import hooks from 'node:async_hooks';
import { syncBuiltinESMExports } from 'node:module';

// Stack traces name lines of the source. The switch `--enable-source-maps` would also hold for the job threads that a
// test starts, and reading the maps takes more than half of their time.
process.setSourceMapsEnabled(true);

// tap follows every promise, to find the subtest in which a late error was thrown. That takes up to a fifth of the CPU
// time of a daemon that runs in the test's process. Without it, such an error ends the file with its stack trace and a
// code other than 0, so the file still fails.
const inert = { enable: () => inert, disable: () => inert };
hooks.createHook = () => inert;
syncBuiltinESMExports();
