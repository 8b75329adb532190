/** Only loaded into a measured daemon (`--import`): reports on request the memory and resources that it holds. */
export interface Held {
  readonly heapUsed: number;
  readonly resources: Readonly<Record<string, number>>;
  readonly listeners: number;
}

process.on('message', () => {
  // with --expose-gc: memory that is left after the collection is in use
  globalThis.gc?.();
  const resources: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
  const listeners = process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
  const held: Held = { heapUsed: process.memoryUsage().heapUsed, resources, listeners };
  process.send?.(held);
});
process.channel?.unref();
