/** Writes a long list item by item with the schema of its items, and lets other requests run in between. */
import fastJsonStringify from 'fast-json-stringify';
import type { FastifyReply } from 'fastify';
import type { Static, TSchema } from 'typebox';
import type { Rest } from '../../kernel/async/slices.js';

/** `[...]` as JSON text. */
export type WriteList<T> = (items: Iterable<T>, rest: Rest) => Promise<string>;

export function listWriter<S extends TSchema>(schema: S): WriteList<Static<S>> {
  // the serializer is compiled on first use, like all others
  let write: ((item: Static<S>) => string) | undefined;
  return async (items, rest) => {
    write ??= fastJsonStringify(schema);
    const texts: string[] = [];
    for (const item of items) {
      const pause = rest();
      if (pause) await pause;
      texts.push(write(item));
    }
    return `[${texts.join(',')}]`;
  };
}

/** Sends text that already is JSON. */
export function sendJson(reply: FastifyReply, text: string): FastifyReply {
  return reply.type('application/json; charset=utf-8').send(text);
}
