/** Writes each response with the schema of its route, so that only fields that the schema declares are sent. */
import fastJsonStringify, { type AnySchema } from 'fast-json-stringify';
import type { FastifySerializerCompiler } from 'fastify';

/**
 * Compiles the serializer of a route when the route sends its first response. To compile all serializers for both
 * listeners at the start would need megabytes of memory that most daemons never use.
 */
export const compileSerializer: FastifySerializerCompiler<AnySchema> = ({ schema }) => {
  let write: ((answer: unknown) => unknown) | undefined;
  return (answer: unknown) => String((write ??= fastJsonStringify(schema))(answer));
};
