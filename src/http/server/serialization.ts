/** Writes answers by their routes' schemas: only what is declared leaves the daemon. */
import fastJsonStringify, { type AnySchema } from 'fast-json-stringify';
import type { FastifySerializerCompiler } from 'fastify';

/**
 * Built when the first answer is sent: two doors with all their calls would take megabytes that most daemons never
 * use.
 */
export const compileSerializer: FastifySerializerCompiler<AnySchema> = ({ schema }) => {
  let write: ((answer: unknown) => unknown) | undefined;
  return (answer: unknown) => String((write ??= fastJsonStringify(schema))(answer));
};
