/**
 * A check of values by a schema, compiled at its first use, because most processes and threads use few of the schemas
 * that they load.
 */
import type { Static, TProperties, TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';

export interface LazyCheck<S extends TSchema> {
  Check(value: unknown): value is Static<S>;
  /** Empty if the value matches. */
  Errors(value: unknown): ReturnType<Validator['Errors']>;
}

export function lazyCheck<const S extends TSchema>(schema: S): LazyCheck<S> {
  let compiled: Validator<TProperties, S> | undefined;
  const check = (): Validator<TProperties, S> => (compiled ??= Compile(schema));
  return {
    Check: (value): value is Static<S> => check().Check(value),
    Errors: (value) => check().Errors(value),
  };
}
