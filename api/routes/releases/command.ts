import { Type } from 'typebox'
import type { Ask } from '../../release-commands.js'
import type { User } from '../../roles.js'
import { Tag, strict } from '../../schemas/parts.js'

const Reason = Type.Optional(Type.String({ minLength: 1, maxLength: 2000, description: 'shown in the journal and the audit' }))
/** No body at all is a command without a reason. */
export const CommandBody = Type.Object({ reason: Reason }, { ...strict, default: {} })
export const JobCommandBody = Type.Object({ reason: Reason, job: Type.Optional(Tag) }, { ...strict, default: {} })
export const TargetCommandBody = Type.Object({ reason: Reason, stage: Type.Optional(Tag) }, { ...strict, default: {} })
export const PromoteBody = Type.Object({
  reason: Reason, job: Type.Optional(Tag),
  to: Type.Unsafe<'next' | 'full'>(Type.Enum(['next', 'full'], { type: 'string', default: 'next', description: 'next: skip the rest of this hold; full: a rollout goes to 100 % now, a stage with targets skips the checks of the waves that follow' })),
}, { ...strict, default: {} })
export const DecisionBody = Type.Object({
  approval: Type.Optional(Type.String({ minLength: 1, maxLength: 500, description: '`<stage>[/<job>[/<phase>]]`; may be left out when just one is pending' })),
  comment: Type.Optional(Type.String({ maxLength: 2000 })),
}, { ...strict, default: {} })

interface CommandRequest { user: User; params: { id: string }; headers: { 'idempotency-key'?: string } }
export const askOf = ({ user, params, headers }: CommandRequest): Ask => ({ user, releaseId: params.id, key: headers['idempotency-key'] })
