/** A product in a container without a site. */
import type { StepContext } from '../../../src/modules/kit/context.js';
import { GuestProduct } from '../../../src/modules/kit/guest-product.js';
import type { ContainerSource } from '../../../src/modules/kit/host-call-types.js';
import type { ModuleInfo } from '../../../src/modules/kit/module.js';
import { guestOf } from '../../../src/modules/kit/parts.js';

export default class Vault extends GuestProduct {
  readonly info: ModuleInfo = {
    ...{ type: 'product', name: 'vault', title: 'Vault', description: '', version: '1.0.0', author: '' },
  };
  readonly settings = { type: 'object' };

  source(): ContainerSource {
    return { kind: 'os' };
  }

  protected async install({ service, saveData }: StepContext): Promise<void> {
    await saveData({ installed_at: guestOf(service).addresses[0] ?? '' });
  }
}
