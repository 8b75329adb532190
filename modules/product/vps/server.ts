/** What a server is to be: from its order, or from the input of a reinstallation. */
import type { StepContext } from '../../../src/modules/kit/context.js';
import type { ContainerSource } from '../../../src/modules/kit/host-call-types.js';
import { imagesIn } from './data.js';
import { templateOf } from './images.js';

export interface Server {
  /** Name of the image in orders. */
  readonly image: string;
  readonly sshKeys: readonly string[];
}

export function serverOf({ args, service, plan }: StepContext): Server {
  const { image, ssh_keys: keys } = { ...service.data, ...inputOf(args) };
  const product = plan.data ?? {};
  const { image: first } = product;
  const usual = typeof first === 'string' ? first : (imagesIn(product)[0] ?? '');
  return {
    image: typeof image === 'string' ? image : usual,
    sshKeys: Array.isArray(keys) ? keys.map(String) : [],
  };
}

/** The input of a reinstallation. Other jobs have other arguments. */
function inputOf({ image, ssh_keys: keys }: StepContext['args']): StepContext['args'] {
  return { ...(image === undefined ? {} : { image }), ...(keys === undefined ? {} : { ssh_keys: keys }) };
}

export function sourceOf(context: StepContext): ContainerSource {
  const { hostname } = context.service.data;
  const { templates } = context.settings;
  const own =
    typeof templates === 'object' && templates !== null && !Array.isArray(templates) ? templates : {};
  return {
    kind: 'image',
    image: templateOf(serverOf(context).image, own),
    ...(typeof hostname === 'string' ? { hostname } : {}),
  };
}
