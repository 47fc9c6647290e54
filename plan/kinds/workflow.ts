import { Type, type Static } from 'typebox'
import { defineKind } from '../kind.js'
import { Duration, strict } from '../schema-parts.js'

const Started = {
  type: Type.String({ minLength: 1, alsoSpelt: ['workflow', 'workflowType'], description: 'name of the workflow' }),
  args: Type.Array(Type.Unknown(), { default: [], description: 'its arguments; they are in its history, so no secrets' }),
}
/** Ids of releasectl's own workflows. */
const OWN_IDS = /^(?:release|rollback|environment|preview|target|train|promotion|job)\//

export const WorkflowConfig = Type.Object({
  ...Started,
  taskQueue: Type.String({ minLength: 1, description: 'where its workers listen; never releasectl\'s own' }),
  id: Type.Optional(Type.String({ minLength: 1, maxLength: 500, alsoSpelt: ['workflowId'], description: 'default: one of the job\'s own, the same for every try of an attempt' })),
  wait: Type.Boolean({ default: true, description: 'for its end; its result becomes the outputs' }),
  executionTimeout: Type.Optional(Duration),
  onUndo: Type.Union([Type.Literal('cancel'), Type.Literal('terminate'), Type.Literal('leave')], { default: 'cancel', description: 'what becomes of it, if it still runs, when the release is taken back' }),
  compensate: Type.Optional(Type.Object({ ...Started, taskQueue: Type.Optional(Type.String({ minLength: 1 })) }, { ...strict, description: 'a workflow that undoes what it did: started and waited for when the release is taken back. After its arguments it gets { workflowId, runId, status }' })),
}, strict)
export type WorkflowConfig = Static<typeof WorkflowConfig>

/** Any Temporal workflow of the installation's namespace, as a job. */
export const workflow = defineKind({
  name: 'workflow', aliases: ['temporal-workflow'], description: 'Starts a Temporal workflow, waits for its result, and cancels or compensates it when taken back', schema: WorkflowConfig,
  runsIn: 'activity', undo: true, needsUndo: ({ onUndo, compensate }) => onUndo !== 'leave' || compensate !== undefined, defaultTimeout: '1h',
  check: ({ id }) => id !== undefined && OWN_IDS.test(id) ? [{ path: 'id', message: `${id.split('/')[0] ?? ''}/… are ids of releasectl's own workflows` }] : [],
})
