/** The five endpoints for the instances of one type of modules. */
import { Type } from 'typebox';
import {
  createInstance,
  listInstances,
  readInstance,
  removeInstance,
  replaceInstance,
} from '../../instances/manage-instances.js';
import type { InstanceType } from '../../model/module-instance.js';
import {
  instanceFields,
  InstanceParams,
  InstanceView,
  newInstanceFields,
  viewInstance,
} from '../schemas/instance.js';
import { jsonRoute } from './endpoint.js';
import type { Route } from './route.js';

export interface InstanceWords {
  readonly type: InstanceType;
  /** `/channels` */
  readonly path: '/channels' | '/gateways';
  /** `Channel` */
  readonly noun: 'Channel' | 'Gateway';
}

export function instanceRoutes({ type, path, noun }: InstanceWords): Route[] {
  const one = noun.toLowerCase();
  return [
    jsonRoute({
      ...{ call: `GET ${path}`, id: `list${noun}s`, tag: 'Modules', summary: `List the ${one}s` },
      answer: Type.Object({ instances: Type.Array(InstanceView, { description: `All ${one}s.` }) }),
      answers: { 200: `The ${one}s.` },
      handle: (_, context) => ({ instances: listInstances(context, type).map(viewInstance) }),
    }),
    jsonRoute({
      ...{ call: `POST ${path}`, id: `create${noun}`, tag: 'Modules', summary: `Create a ${one}` },
      description: `The data is checked with the schema of the ${type} module. Secrets are stored encrypted.`,
      body: Type.Object(newInstanceFields),
      answer: InstanceView,
      answers: { 201: `The ${one} was created.` },
      failures: ['module_not_found', 'instance_exists', 'quota_reached', 'state_unavailable'],
      handle: async ({ body }, context) => viewInstance(await createInstance(context, type, body)),
    }),
    jsonRoute({
      ...{ call: `GET ${path}/:id`, id: `get${noun}`, tag: 'Modules', summary: `Retrieve a ${one}` },
      params: InstanceParams,
      answer: InstanceView,
      answers: { 200: `The ${one}.` },
      failures: ['instance_not_found'],
      handle: ({ params: { id } }, context) => viewInstance(readInstance(context, type, id)),
    }),
    jsonRoute({
      ...{ call: `PUT ${path}/:id`, id: `replace${noun}`, tag: 'Modules', summary: `Replace a ${one}` },
      description: 'Replaces all data. The module cannot be changed.',
      params: InstanceParams,
      body: Type.Object(instanceFields),
      answer: InstanceView,
      answers: { 200: `The ${one} was replaced.` },
      failures: ['instance_not_found', 'module_unavailable', 'state_unavailable'],
      handle: async ({ params: { id }, body }, context) =>
        viewInstance(await replaceInstance(context, type, id, body)),
    }),
    jsonRoute({
      ...{ call: `DELETE ${path}/:id`, id: `delete${noun}`, tag: 'Modules', summary: `Delete a ${one}` },
      params: InstanceParams,
      answer: Type.Object({
        id: Type.String({ description: `The ID of the ${one}.`, examples: ['operators'] }),
      }),
      answers: { 200: `The ${one} was deleted.` },
      failures: ['instance_not_found', 'state_unavailable'],
      handle: async ({ params: { id } }, context) => {
        await removeInstance(context, type, id);
        return { id };
      },
    }),
  ];
}
