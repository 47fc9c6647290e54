import { failure } from '../../../domain/failures.js'

/** One word of a POSIX shell's command line, whatever is in it. */
export const quote = (word: string): string => /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll('\'', '\'\\\'\'')}'`

export const commandLine = (words: string[]): string => words.map(quote).join(' ')

/** The same as another user: true is root. Never asks for a password, which nobody could answer. */
export function asUser(sudo: boolean | string, words: string[]): string[] {
  if (sudo === false) return words
  return ['sudo', '-n', '-H', ...(sudo === true ? [] : ['-u', sudo]), '--', ...words]
}

/** The default is asked for where it is known: on the machine. */
const PREPARE = 'umask 077; home=$1; if [ -z "$home" ]; then if [ "$(id -u)" = 0 ]; then home=/var/lib/releasectl; else home=$HOME/.releasectl; fi; fi; '
  + 'tools=$home/tools/$2; mkdir -p "$tools" "$home/runs" "$home/services" && cat > "$tools/all.$$" && [ "$(wc -c < "$tools/all.$$")" -eq "$4" ] && '
  + 'head -c "$3" "$tools/all.$$" > "$tools/remote.$$" && tail -c "+$(($3 + 1))" "$tools/all.$$" > "$tools/launcher.$$" && '
  + 'mv "$tools/remote.$$" "$tools/remote.sh" && mv "$tools/launcher.$$" "$tools/launcher.sh" && rm -f "$tools/all.$$" && '
  + 'if ! command -v setsid > /dev/null || [ ! -r /proc/self/stat ]; then echo "there is no setsid or no /proc" >&2; exit 1; fi && cd "$home" && exec sh "$tools/remote.sh" greet'

/**
 * Put our two scripts where commands of this version find them; stdin is one after the other.
 * @param home empty: /var/lib/releasectl for root, ~/.releasectl for others
 * @param first bytes of the first
 * @param all bytes of both: half of it must not run
 */
export const prepareCommand = (home: string, version: string, first: number, all: number): string[] =>
  ['sh', '-c', PREPARE, 'releasectl', home, version, String(first), String(all)]

export const remoteCommand = (home: string, version: string, command: string[]): string[] => ['sh', `${home}/tools/${version}/remote.sh`, ...command]

/**
 * An environment as a file that a shell reads: on a command line everybody on the machine would see it.
 * @throws CONFIG_INVALID when a shell cannot take it
 */
export function environmentFile(environment: Record<string, string>): string {
  return Object.entries(environment).map(([name, value]) => {
    if (!/^[A-Za-z_]\w*$/.test(name)) throw failure('CONFIG_INVALID', `the environment cannot be handed over SSH: ${name} is no name a shell takes`)
    if (value.includes('\0')) throw failure('CONFIG_INVALID', `the environment cannot be handed over SSH: ${name} holds a NUL`)
    return `export ${name}=${quote(value)}\n`
  }).join('')
}

export interface Beginning {
  mode: 'script' | 'service'
  generation: number
  port: number
  workDir: string | null
  environment: Record<string, string>
  /** A file of its record, and what is in it. A script's is handed to its interpreter. */
  file: 'script' | 'spec.json'
  content: string
  command: string[]
}

/** remote.sh's `begin`, and its stdin. @throws CONFIG_INVALID when a shell cannot take the environment */
export function beginCommand(directory: string, { mode, generation, port, workDir, environment, file, content, command }: Beginning): { words: string[]; input: Buffer } {
  const lines = Buffer.from(environmentFile(environment))
  const input = Buffer.concat([lines, Buffer.from(content)])
  return { input, words: ['begin', directory, String(generation), String(port), mode, workDir ?? '', String(input.length), String(lines.length), file, ...command, ...(mode === 'script' ? [`${directory}/${file}`] : [])] }
}
