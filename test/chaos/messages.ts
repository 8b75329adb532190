/** Messages between the harness and its processes. */
import { type Static, Type } from 'typebox';

const DeathSchema = Type.Union([
  Type.Object({ at: Type.String(), time: Type.Integer() }),
  Type.Object({ any: Type.Integer(), laterMs: Type.Optional(Type.Number()) }),
]);

export const PointSchema = Type.Object({ at: Type.String(), time: Type.Integer() });

/**
 * Messages to the daemon. `set`: where to die from now on (null: nowhere); `list`: request for the points passed
 * since; `clock`: how many ms its wall clock is ahead. Each gets one response.
 */
export const Order = Type.Union([
  Type.Object({ set: Type.Union([DeathSchema, Type.Null()]) }),
  Type.Object({ list: Type.Literal(true) }),
  Type.Object({ clock: Type.Integer() }),
]);
export type Order = Static<typeof Order>;

/** The daemon's first argument after its config file, as JSON. */
export const FirstOrder = Type.Union([DeathSchema, Type.Null()]);

export const WorldReady = Type.Object({
  configFile: Type.String(),
  control: Type.String(),
  caFile: Type.String(),
  httpsPort: Type.Integer(),
});
