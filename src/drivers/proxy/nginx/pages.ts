/**
 * The pages that visitors see instead of a site. They are plain files that an operator can read. Every start writes
 * them again.
 */

export type PageName = 'preparing' | 'suspended' | 'unavailable' | 'unknown';

const TEXTS: Readonly<Record<PageName, { title: string; text: string; refresh?: number }>> = {
  preparing: {
    title: 'This site is being prepared',
    text: 'It will be ready in a moment. This page reloads automatically.',
    refresh: 5,
  },
  suspended: {
    title: 'This site is suspended',
    text: 'If it is yours, please contact your hosting provider.',
  },
  unavailable: {
    title: 'This site does not answer right now',
    text: 'It may be starting. This page reloads automatically.',
    refresh: 10,
  },
  unknown: {
    title: 'There is no site here',
    text: 'Please check the address for typing mistakes.',
  },
};

export function renderPages(): Record<`${PageName}.html`, string> {
  return {
    'preparing.html': page('preparing'),
    'suspended.html': page('suspended'),
    'unavailable.html': page('unavailable'),
    'unknown.html': page('unknown'),
  };
}

function page(name: PageName): string {
  const { title, text, refresh } = TEXTS[name];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
${refresh === undefined ? '' : `<meta http-equiv="refresh" content="${refresh}">\n`}<title>${title}</title>
<style>
:root { color-scheme: light dark; font: 1.05rem/1.6 system-ui, sans-serif; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; }
main { max-width: 32rem; padding: 2rem; text-align: center; }
h1 { font-size: 1.5rem; font-weight: 600; }
</style>
</head>
<body><main><h1>${title}</h1><p>${text}</p></main></body>
</html>
`;
}
