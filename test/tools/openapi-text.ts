/** The OpenAPI document of one listener as the text of a file. */
import { makeRig } from '../http/harness.js';

export async function openapiText(listener: 'network' | 'socket'): Promise<string> {
  const rig = await makeRig(listener);
  try {
    return `${JSON.stringify(rig.app.swagger(), null, 2)}\n`;
  } finally {
    await rig.close();
  }
}
