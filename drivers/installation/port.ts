import type { JsonObject } from '../../domain/json.js'

/** The installation an agent works for, as it is reached by HTTP (`/agent` of the API). */
export interface InstallationPort {
  self(): Promise<AgentSelf>
  beat(beat: { health: JsonObject; load: JsonObject; versions: JsonObject }): Promise<void>
}
export interface AgentSelf { id: string; name: string; tenant: string; project: string; environment: string; temporal: { address: string; namespace: string; taskQueue: string; workerQueue: string } }
