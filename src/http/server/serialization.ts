/** Writes responses with the schemas of their routes: only declared fields leave the daemon. */
import fastJsonStringify, { type AnySchema } from 'fast-json-stringify';
import type { FastifySerializerCompiler } from 'fastify';

/**
 * Compiles a serializer for the first response of a route. Serializers for all endpoints of both listeners would need
 * megabytes of memory that most daemons never use.
 */
export const compileSerializer: FastifySerializerCompiler<AnySchema> = ({ schema }) => {
  let write: ((answer: unknown) => unknown) | undefined;
  return (answer: unknown) => String((write ??= fastJsonStringify(schema))(answer));
};
