/**
 * Stack traces of a test file name lines of its source. The switch `--enable-source-maps` would also hold for the job
 * threads that a test starts, and reading the maps takes more than half of their time.
 */
process.setSourceMapsEnabled(true);
