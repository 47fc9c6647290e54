import { nextOpening } from '../domain/window.js'
import type { CoreActivities } from './contract.js'

export const createWindowActivities = (): Pick<CoreActivities, 'nextOpening'> => ({
  /** When may the release start? Here and not in the workflow: time-zone data differ between hosts. Emergency users may at any time. */
  async nextOpening({ window, atMs, requestedBy }) {
    return { opensAtMs: window.emergencyUsers.includes(requestedBy) ? atMs : nextOpening(window, atMs) }
  },
})
