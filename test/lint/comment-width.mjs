/** ESLint rule: no line of a comment is wider than 120 columns. Prettier leaves comments as they are. */
const WIDTH = 120;

export const commentWidth = {
  meta: {
    type: 'layout',
    schema: [],
    messages: { wide: 'This comment line has {{width}} columns. Wrap it at {{most}}.' },
  },
  create({ report, sourceCode }) {
    return {
      Program() {
        const wide = new Set();
        for (const { loc } of sourceCode.getAllComments())
          for (let line = loc.start.line; line <= loc.end.line; line++) {
            const width = sourceCode.lines[line - 1].length;
            if (width <= WIDTH || wide.has(line)) continue;
            wide.add(line);
            report({ loc: { line, column: WIDTH }, messageId: 'wide', data: { width, most: WIDTH } });
          }
      },
    };
  },
};
