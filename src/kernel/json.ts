/** JSON data, for messages between threads, for files and for the network. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** Returns the value of this key if it is a text, else undefined. */
export function textIn(object: Readonly<JsonObject>, key: string): string | undefined {
  const value = object[key];
  return typeof value === 'string' ? value : undefined;
}
