/** innkeeper config check: lists all problems in the configuration, including the settings of products. */
import { pino } from 'pino';
import { openCatalogue } from '../../modules/catalogue.js';
import { loadAsService } from '../shared/of-service.js';
import { say } from '../shared/print.js';

/** Throws ConfigError. */
export async function checkConfig(file: string): Promise<void> {
  const warn = (message: string): void => void process.stderr.write(`warning: ${message}\n`);
  const config = await loadAsService(file, warn);
  await openCatalogue(config, file, pino({ level: 'warn', base: null }, process.stderr));
  say(`${file} is valid.`);
}
