import { proofText } from '../domain/decision.js'
import type { CoreActivities } from './contract.js'

export const createDecisionActivities = ({ key }: { key: { verify(text: string, signature: string): boolean } }): Pick<CoreActivities, 'verifyDecision'> => ({
  /**
   * Is the door's word good? A decision without a proof came by a bare Temporal message: it is what its sender says of
   * himself, good only as door `temporal`, and the workflow knows whether that door counts.
   */
  async verifyDecision({ releaseId, verdict, decision, receivedAt }) {
    const { proof, proofUntil, door } = decision
    if (proof === undefined) {
      return door === 'temporal' ? { good: true } : { good: false, why: `it says it came through ${door}, but carries no proof of that` }
    }
    if (!key.verify(proofText(releaseId, verdict, decision), proof)) return { good: false, why: 'its proof is not this installation\'s for this release, approval and person' }
    if (!(Date.parse(receivedAt) <= Date.parse(proofUntil ?? ''))) return { good: false, why: `its proof was good until ${proofUntil ?? 'never'}, it came at ${receivedAt}` }
    return { good: true }
  },
})
