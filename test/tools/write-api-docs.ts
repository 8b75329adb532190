/** `npm run docs`: writes docs/api.md. */
import { writeFile } from 'node:fs/promises';
import { apiDocs } from './api-docs.js';

await writeFile('docs/api.md', await apiDocs());
