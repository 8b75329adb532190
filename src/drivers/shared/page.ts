/** Detects pages where an API should have responded: a login, a gateway's error, a captive portal. */
import { cleaned } from '../../kernel/text.js';

/** True for HTML, whatever the header says. */
export function isPage(body: string): boolean {
  return /^\s*(?:<!doctype html|<html|<head|<body)/i.test(body.slice(0, 200));
}

/** `a page ("Log in")` */
export function pageWords(body: string): string {
  const start = body.slice(0, 4_096);
  const title = cleaned(/<title[^<>]*>([^<]{1,200})/i.exec(start)?.[1] ?? '', 80);
  return title === '' ? 'a page instead of an answer' : `a page instead of an answer: "${title}"`;
}
