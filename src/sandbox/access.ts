/**
 * Determines how clients connect to the daemon and to the sites of a sandbox. The information is read from the
 * configuration file that the environment wrote. It has the same form for every back end.
 */
import { readFile } from 'node:fs/promises';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { parse } from 'yaml';
import { findText } from './files.js';

export interface Access {
  /** `http://127.0.0.1:8080` */
  readonly api: string;
  readonly token: string;
  /** The addresses at which the agent and the visitors of a site connect to the proxy. */
  readonly publicEndpoint: { readonly address: string; readonly httpsPort: number; readonly caFile: string };
}

const Written = Type.Object({
  api: Type.Object({
    host: Type.String(),
    port: Type.Integer(),
    tokens: Type.Array(Type.Object({ secret: Type.Object({ file: Type.String() }) }), { minItems: 1 }),
  }),
  proxy: Type.Object({
    door: Type.Object({ address: Type.String(), https_port: Type.Integer(), ca_file: Type.String() }),
  }),
});

export async function readAccess(configFile: string): Promise<Access> {
  const config: unknown = parse(await readFile(configFile, 'utf8'));
  if (!Value.Check(Written, config)) throw new Error(`${configFile} is not a sandbox's config file`);
  const { api, proxy } = config;
  const token = await readFile(api.tokens[0]?.secret.file ?? '', 'utf8');
  return {
    api: `http://${api.host}:${api.port}`,
    token: token.trim(),
    publicEndpoint: {
      address: proxy.door.address,
      httpsPort: proxy.door.https_port,
      caFile: proxy.door.ca_file,
    },
  };
}

/** Returns the API port of an earlier run that used the same state folder. */
export async function findKeptPort(configFile: string): Promise<number | undefined> {
  const text = await findText(configFile);
  const config: unknown = text === undefined ? undefined : parse(text);
  const shape = Type.Object({ api: Type.Object({ port: Type.Integer() }) });
  return Value.Check(shape, config) ? config.api.port : undefined;
}
