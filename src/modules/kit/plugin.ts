/** A Plugin module extends the agent: it serves API routes and webhooks of its own. It has no services. */
import { Module } from './module.js';

export abstract class Plugin extends Module {}
