/** innkeeper module pack */
import { packModule } from '../../modules/authoring/pack-module.js';
import { CommandFailure } from '../shared/failure.js';
import { facts, say, sayJson } from '../shared/print.js';

export async function packFolder(folder: string, to: string, json: boolean): Promise<void> {
  const packed = await packModule(folder, to).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandFailure(`The module was not packed: ${why}`);
  });
  if (json) sayJson(packed);
  else say(facts(Object.entries(packed)));
}
