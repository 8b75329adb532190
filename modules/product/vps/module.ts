/** A virtual server: a container with an operating system of the customer's choice, to which root logs in over SSH. */
import type { JsonObject } from '../../../src/kernel/json.js';
import type { StepContext } from '../../../src/modules/kit/context.js';
import { GuestProduct } from '../../../src/modules/kit/guest-product.js';
import type { ContainerSource, SecretRef } from '../../../src/modules/kit/host-call-types.js';
import type { ModuleInfo } from '../../../src/modules/kit/module.js';
import type { CheckResult } from '../../../src/modules/kit/product.js';
import { checkProductData, checkServiceData, productData, serviceData, settings } from './data.js';
import { reinstallation } from './reinstall.js';
import { setPassword } from './scripts/set-password.js';
import { setUp } from './scripts/set-up.js';
import { serverOf, sourceOf } from './server.js';

const CLASSES = ['lower', 'upper', 'digit', 'symbol'] as const;
const PASSWORD_LENGTH = 20;

export default class Vps extends GuestProduct {
  override readonly info: ModuleInfo = {
    type: 'product',
    name: 'vps',
    title: 'Virtual server',
    description: 'A server with root access in a container of its own',
    version: '1.0.0',
    author: 'Innkeeper',
  };

  override readonly settings = settings;
  override readonly productData = productData;
  override readonly serviceData = serviceData;
  override readonly planLimits = {
    cores: [1, 32],
    memory_mb: [512, 65_536],
    disk_gb: [10, 1_024],
  } as const;

  override readonly actions = {
    reinstall: reinstallation(async (context) => {
      const password = await context.password({
        ...{ name: 'admin_password_next', length: PASSWORD_LENGTH, classes: CLASSES },
      });
      await this.setUp(context, password);
    }),
  };

  protected override readonly passwordClasses = CLASSES;

  override checkProduct(data: JsonObject): CheckResult {
    return checkProductData(data);
  }

  override checkService(data: JsonObject, product: JsonObject): CheckResult {
    return checkServiceData(data, product);
  }

  override source(): ContainerSource {
    return { kind: 'image' };
  }

  protected override sourceFor(context: StepContext): ContainerSource {
    return sourceOf(context);
  }

  protected override async install(context: StepContext): Promise<void> {
    await this.setUp(context, await firstPassword(context));
  }

  protected override async setPassword(context: StepContext, password: SecretRef): Promise<void> {
    await context.container.run({
      ...{ name: 'vps/set-password', body: setPassword, timeoutS: 120 },
      values: { ROOT_PASSWORD: password },
    });
  }

  private async setUp(context: StepContext, password: SecretRef): Promise<void> {
    const { image, sshKeys } = serverOf(context);
    await context.container.run({
      ...{ name: 'vps/set-up', body: setUp, timeoutS: 1_080 },
      values: { ROOT_PASSWORD: password, SSH_KEYS: sshKeys.join('\n') },
    });
    // the ordered password is kept only as long as the credentials can be read
    await context.saveData({ admin_user: 'root', image, ssh_keys: [...sshKeys], root_password: null });
  }
}

/** The ordered password, or a new one. Its name is that of the credentials that customers can read. */
async function firstPassword({ service, secrets, password }: StepContext): Promise<SecretRef> {
  const ordered = service.data['root_password'];
  if (
    typeof ordered === 'object' &&
    ordered !== null &&
    'secret' in ordered &&
    typeof ordered['secret'] === 'string'
  )
    return secrets.put('admin_password', { secret: ordered['secret'] });
  return password({ name: 'admin_password', length: PASSWORD_LENGTH, classes: CLASSES });
}
