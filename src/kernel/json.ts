/** Data for messages between threads, files and the network. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** The text under this key, or undefined. */
export function textIn(object: Readonly<JsonObject>, key: string): string | undefined {
  const value = object[key];
  return typeof value === 'string' ? value : undefined;
}
