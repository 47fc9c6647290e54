/** One word of a POSIX shell, whatever is in the text. */
export const shellWord = (text: string): string => /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll('\'', '\'\\\'\'')}'`

/** A command as a line of a POSIX shell. */
export const shellLine = (command: readonly string[]): string => command.map(shellWord).join(' ')

/** A word in which `*`, `?` and `[…]` stand for files and nothing else means anything. Never an option of the command it is given to. */
export const shellGlob = (pattern: string): string =>
  (pattern.startsWith('/') ? pattern : `./${pattern.replace(/^(?:\.\/)+/, '')}`).replace(/[^\w./*?[\]\-\u0080-\uffff]/g, (sign) => sign === '\n' ? '?' : `\\${sign}`)
