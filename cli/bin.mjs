#!/usr/bin/env node
// The command people type: TypeScript is run as it is, there is no build.
import { register } from 'tsx/esm/api'

register()
const { main } = await import('./main.ts')
await main(process.argv)
