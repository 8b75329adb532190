/** `npm run docs`: writes docs/api.md and docs/openapi.json. */
import { writeFile } from 'node:fs/promises';
import { apiDocs } from './api-docs.js';
import { openapiText } from './openapi-text.js';

await writeFile('docs/api.md', await apiDocs());
await writeFile('docs/openapi.json', await openapiText('network'));
