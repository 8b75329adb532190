/**
 * Detects HTML pages that were sent instead of a response of an API, such as a login page, an error page of a gateway,
 * or the page of a captive portal.
 */
import { cleaned } from '../../kernel/text.js';

/** Returns whether the text is HTML, regardless of the header Content-Type. */
export function isPage(body: string): boolean {
  return /^\s*(?:<!doctype html|<html|<head|<body)/i.test(body.slice(0, 200));
}

/** Describes the page with its title, such as `a web page instead of a response: "Log in"`. */
export function pageWords(body: string): string {
  const start = body.slice(0, 4_096);
  const title = cleaned(/<title[^<>]*>([^<]{1,200})/i.exec(start)?.[1] ?? '', 80);
  return title === '' ? 'a web page instead of a response' : `a web page instead of a response: "${title}"`;
}
