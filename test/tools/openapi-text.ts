/** The OpenAPI document of one door as the text of a file. */
import { makeRig } from '../http/harness.js';

export async function openapiText(door: 'network' | 'socket'): Promise<string> {
  const rig = await makeRig(door);
  try {
    return `${JSON.stringify(rig.app.swagger(), null, 2)}\n`;
  } finally {
    await rig.close();
  }
}
