/**
 * A JSON Schema, as a plain object or made with TypeBox. The type has no dependency, so that the types of the kit can
 * be used in projects without TypeBox. Schemas are checked when the module is read.
 */
export type Schema = object;
