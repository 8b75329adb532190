/** What the harness says to the processes it starts, and hears from them. */
import { type Static, Type } from 'typebox';

const DeathSchema = Type.Union([
  Type.Object({ at: Type.String(), time: Type.Integer() }),
  Type.Object({ any: Type.Integer(), laterMs: Type.Optional(Type.Number()) }),
]);

export const PointSchema = Type.Object({ at: Type.String(), time: Type.Integer() });

/**
 * To the daemon: where to die from now on (null: nowhere), `list`: what was passed since, or how many ms its wall
 * clock is ahead. Each is answered once.
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
