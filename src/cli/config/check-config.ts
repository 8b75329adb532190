/** innkeeper config check: lists all problems in the configuration, including those in the settings of products. */
import { pino } from 'pino';
import { ConfigError } from '../../config/error.js';
import { openCatalogue } from '../../modules/catalogue.js';
import { loadAsService } from '../shared/of-service.js';
import { say } from '../shared/print.js';

/** Throws ConfigError. */
export async function checkConfig(file: string): Promise<void> {
  const warn = (message: string): void => void process.stderr.write(`warning: ${message}\n`);
  const config = await loadAsService(file, warn);
  const log = pino({ level: 'warn', base: null }, process.stderr);
  const { problems } = await openCatalogue(config, file, log);
  if (problems.length > 0) throw new ConfigError(file, problems);
  say(`${file} is valid.`);
}
