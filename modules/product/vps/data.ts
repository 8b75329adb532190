/** The schemas of plans, orders and settings, and the rules that a schema cannot express. */
import { Type } from 'typebox';
import type { JsonObject } from '../../../src/kernel/json.js';
import type { CheckResult } from '../../../src/modules/kit/product.js';
import { IMAGE_PATTERN, IMAGES } from './images.js';

const HOST_LABEL = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
const KEY_TYPES =
  'ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)|sk-ssh-ed25519@openssh\\.com|sk-ecdsa-sha2-nistp256@openssh\\.com';

const image = (description: string) =>
  Type.String({
    pattern: IMAGE_PATTERN,
    transform: ['trim', 'toLowerCase'],
    'x-rule': 'must be the name of an image, such as debian-12',
    description,
  });

/** One public key in a line, without options such as `command="..."`. */
export const sshKeys = Type.Array(
  Type.String({
    pattern: `^(${KEY_TYPES}) [A-Za-z0-9+/]{40,}={0,3}( [^\\r\\n]{0,200})?$`,
    maxLength: 8_192,
    transform: ['trim'],
    'x-rule': 'must be a public SSH key, such as "ssh-ed25519 AAAA... name"',
  }),
  { maxItems: 20, description: 'Public SSH keys that can log in as root' },
);

export const settings = Type.Object(
  {
    templates: Type.Record(
      Type.String({ pattern: IMAGE_PATTERN }),
      Type.String({ minLength: 1, maxLength: 200 }),
      {
        default: {},
        description:
          'Additional or changed images: the name of an image, and the name of its OS template without version',
      },
    ),
  },
  { additionalProperties: false },
);

export const productData = Type.Object(
  {
    image: Type.Optional(image('Image of servers whose order names none; default: the first of `images`')),
    images: Type.Array(image('Name of an image'), {
      default: Object.keys(IMAGES),
      minItems: 1,
      maxItems: 100,
      uniqueItems: true,
      description: 'Images that an order may choose',
    }),
    bandwidth_gb: Type.Integer({
      default: 0,
      minimum: 0,
      maximum: 1_000_000_000,
      description:
        'Sold traffic in a calendar month, in GB; 0 = unlimited. The agent shows this value and does not enforce it',
    }),
  },
  { additionalProperties: false },
);

export const serviceData = Type.Object({
  hostname: Type.Optional(
    Type.String({
      pattern: `^${HOST_LABEL}([.]${HOST_LABEL})*$`,
      maxLength: 253,
      transform: ['trim', 'toLowerCase'],
      'x-rule': 'must be a host name, such as web1.example.com',
      description: 'Host name of the server',
    }),
  ),
  image: Type.Optional(image('Operating system of the server')),
  ssh_keys: Type.Optional(sshKeys),
  root_password: Type.Optional(
    Type.String({
      secret: true,
      pattern: '^(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])(?=.*[^A-Za-z0-9])[ -~]{12,128}$',
      'x-rule':
        'must have 12 to 128 characters, with a lower-case letter, an upper-case letter, a digit and another sign',
      description: 'Password of root; one is made if there is none',
    }),
  ),
});

export function checkProductData({ image: first, images }: JsonObject): CheckResult {
  if (first === undefined || (Array.isArray(images) && images.includes(first))) return undefined;
  return { errors: { image: 'must be one of `images`' } };
}

/** Without an image, the server gets the image of its plan. */
export function checkServiceData(data: JsonObject, product: JsonObject): CheckResult {
  const { image: wanted } = data;
  return wanted === undefined || (typeof wanted === 'string' && imagesIn(product).includes(wanted))
    ? undefined
    : { errors: { image: `must be one of ${imagesIn(product).join(', ')}` } };
}

export function imagesIn({ images }: JsonObject): string[] {
  return Array.isArray(images) ? images.map(String) : Object.keys(IMAGES);
}
