import { KINDS } from './kinds/index.js'
import type { Kind } from './kind.js'

export const ALL_KINDS: readonly Kind[] = Object.values(KINDS)
/** A kind by its name or an alias. */
export const kindNamed = (name: string, others: readonly Kind[] = []): Kind | undefined => [...ALL_KINDS, ...others].find((kind) => kind.name === name || kind.aliases.includes(name))
