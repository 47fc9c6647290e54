import type { Command } from 'commander'
import type { ApprovalView } from '../../domain/release.js'
import { action } from '../context.js'
import { EXIT } from '../exit-codes.js'
import { lasting } from '../tree/clock.js'
import { releasePath } from '../release-path.js'
import { watchRelease } from '../watch.js'

interface Options { approval?: string; comment?: string; watch?: boolean }
interface ApprovalRow { releaseId: string; approval: ApprovalView; release: { project: string; environment: string; version: string; requestedBy: string } }

/** `approve`, `reject` and the list of what waits for a yes. */
export function addApprovalCommands(program: Command): void {
  for (const verdict of ['approve', 'reject'] as const) {
    program.command(`${verdict} <id>`).description(verdict === 'approve' ? 'say yes to a pending approval' : 'say no: the release is taken back')
      .option('--approval <name>', 'which, when several are pending').option('--comment <text>', 'why').option('-w, --watch', 'go on watching')
      .action(action(async ({ api, terminal }, id: string, { approval, comment, watch }: Options) => {
        const view = await api.post<ApprovalView>(releasePath(id, `/${verdict}`), { ...(approval !== undefined && { approval }), ...(comment !== undefined && { comment }) })
        if (watch === true) return await watchRelease(api, terminal, id)
        terminal.answer(view, () => [`${verdict === 'approve' ? 'yes' : 'no'} to ${view.id} of ${id} taken${statusOf(view)}`])
        return EXIT.succeeded
      }))
  }
  program.command('approvals').description('what waits for a yes, oldest first')
    .action(action(async ({ api, terminal }) => {
      const page = await api.get<{ items: ApprovalRow[] }>('/approvals?status=pending&limit=200')
      terminal.table(page.items, () => ({
        head: ['RELEASE', 'APPROVAL', 'WHAT', 'BY', 'YES', 'FROM', 'EXPIRES IN'], empty: 'nothing waits for approval',
        rows: page.items.map(({ releaseId, approval, release }) => [
          { text: releaseId, colour: 'cyan' }, approval.id, `${release.project} ${release.version} → ${release.environment}`, release.requestedBy,
          `${yesOf(approval)} of ${approval.spec.quorum}`, [...approval.spec.approvers, ...approval.spec.groups.map((group) => `group ${group}`)].join(', ') || 'any approver',
          lasting(Date.parse(approval.expiresAt) - Date.now()),
        ]),
      }))
      return EXIT.succeeded
    }))
}

const yesOf = ({ decisions }: ApprovalView): number => decisions.filter(({ counted, verdict }) => counted && verdict === 'approve').length
/** The door's word is checked after it was taken: the count may be one behind. */
const statusOf = (view: ApprovalView): string => view.status === 'pending' ? `; quorum is ${view.spec.quorum}` : `: ${view.status}`
