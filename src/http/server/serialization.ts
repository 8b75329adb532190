/** Writes responses with the schemas of their routes: only declared fields leave the daemon. */
import fastJsonStringify, { type AnySchema } from 'fast-json-stringify';
import type { FastifySerializerCompiler } from 'fastify';

/**
 * Compiled for the first response: all endpoints of two listeners would need megabytes that most daemons never use.
 */
export const compileSerializer: FastifySerializerCompiler<AnySchema> = ({ schema }) => {
  let write: ((answer: unknown) => unknown) | undefined;
  return (answer: unknown) => String((write ??= fastJsonStringify(schema))(answer));
};
