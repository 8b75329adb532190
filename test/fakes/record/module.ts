/** A product without a container and without a site: all there is of it is its record. */
import { Type } from 'typebox';
import type { JobFlow, ModuleInfo } from '../../../src/modules/kit/module.js';
import { Product } from '../../../src/modules/kit/product.js';

export default class RecordProduct extends Product {
  readonly info: ModuleInfo = {
    type: 'product',
    name: 'record',
    title: 'Record',
    description: '',
    version: '1.0.0',
    author: '',
  };
  readonly settings = Type.Object({});

  createJob(): JobFlow {
    return { register: { run: ({ saveData }) => saveData({ registered: true }) } };
  }

  /** What its flows see of the parts that it has not. */
  suspendJob(): JobFlow {
    return {
      look: {
        run: ({ service, saveData }) => saveData({ parts: [service.guest === null, service.site === null] }),
      },
    };
  }

  unsuspendJob = (): JobFlow => ({});
  upgradeJob = (): JobFlow => ({ check: { run: ({ checkPlan }) => checkPlan() } });
  deleteJob = (): JobFlow => ({});
  /** A defect of a module: it asks for a container that the service does not have. */
  resetPasswordJob = (): JobFlow => ({ start: { run: ({ container }) => container.start() } });
}
