import type { StagePhase } from '../../domain/compiled-plan.js'

/** A rollback stage may bear the name of one of the release's own: in the store each has its rows. */
export const stageKey = ({ name, phase }: { name: string; phase: StagePhase }): string => phase === 'rollback' ? `${name} (rollback)` : name
