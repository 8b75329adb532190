/** `npm run docs`: writes docs/api.md, docs/openapi.json and the tables of docs/operating.md. */
import { readFile, writeFile } from 'node:fs/promises';
import { apiDocs } from './api-docs.js';
import { withConflictTables } from './conflict-tables.js';
import { openapiText } from './openapi-text.js';

await writeFile('docs/api.md', await apiDocs());
await writeFile('docs/openapi.json', await openapiText('network'));
const operating = 'docs/operating.md';
await writeFile(operating, await withConflictTables(await readFile(operating, 'utf8')));
