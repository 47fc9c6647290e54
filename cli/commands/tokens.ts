import { Option, type Command } from 'commander'
import { collect } from '../collect.js'
import { action } from '../context.js'
import { EXIT } from '../exit-codes.js'

interface Row { id: string; name: string; role: string; groups: string[]; createdBy: string; createdAt: string; expiresAt: string | null; revokedAt: string | null }
interface Options { role: string; group?: string[]; target?: string; expiresAt?: string }

/** `tokens list | create | revoke` (admins). */
export function addTokensCommands(program: Command): void {
  const tokens = program.command('tokens').description('who may do what (admins)')
  tokens.command('list').description('every token, never its secret').action(action(async ({ api, terminal }) => {
    const page = await api.get<{ items: Row[] }>('/tokens')
    terminal.table(page.items, () => ({
      head: ['ID', 'NAME', 'ROLE', 'GROUPS', 'CREATED', 'STATE'], empty: 'no tokens',
      rows: page.items.map((row) => [{ text: row.id, colour: 'cyan' }, row.name, row.role, row.groups.join(', '), row.createdAt, stateOf(row)]),
    }))
    return EXIT.succeeded
  }))
  tokens.command('create <name>').description('a new token; its secret is shown this once')
    .addOption(new Option('--role <role>', 'what it may do').choices(['viewer', 'deployer', 'approver', 'admin', 'agent']).default('viewer'))
    .option('--group <name>', 'a group it vouches for in approvals; may be repeated', collect).option('--target <id>', 'of an agent: its target').option('--expires-at <moment>', 'ISO 8601')
    .action(action(async ({ api, terminal }, name: string, { role, group, target, expiresAt }: Options) => {
      const created = await api.post<Row & { token: string }>('/tokens', { name, role, ...(group && { groups: group }), ...(target !== undefined && { target }), ...(expiresAt !== undefined && { expiresAt }) })
      if (terminal.output === 'table') terminal.remark(`token ${created.id} of ${name} (${role}); keep it, it is not shown again:`)
      terminal.answer(created, () => [created.token])
      return EXIT.succeeded
    }))
  tokens.command('revoke <id>').description('refuse a token from now on').action(action(async ({ api, terminal }, id: string) => {
    const revoked = await api.delete<Row>(`/tokens/${encodeURIComponent(id)}`)
    terminal.answer(revoked, () => [`token ${id} of ${revoked.name} revoked`])
    return EXIT.succeeded
  }))
}

const stateOf = ({ revokedAt, expiresAt }: Row): string =>
  revokedAt !== null ? 'revoked' : expiresAt === null ? 'good' : Date.parse(expiresAt) < Date.now() ? 'expired' : `until ${expiresAt}`
