import type { PrismaClient } from './generated/client.js'

export const INSTALLATION_STATUSES = ['installed', 'uninstalled', 'failed'] as const
export type InstallationStatus = (typeof INSTALLATION_STATUSES)[number]
export interface Installation {
  tenant: string
  /** A target's id; where a job ran without a target, the name its place gives itself. */
  targetId: string
  project: string
  version: string
  status: InstallationStatus
  backupPath: string | null
  backupCount: number
  releaseId: string | null
  installedAt: Date
  lastUpdatedAt: Date
}

/** What scripts installed where: which version, and where its predecessor's backup lies. */
export class InstallationStore {
  readonly #database: PrismaClient
  constructor(database: PrismaClient) { this.#database = database }

  async get(tenant: string, targetId: string, project: string): Promise<Installation | null> {
    return await this.#database.installation.findUnique({ where: { tenant_targetId_project: { tenant, targetId, project } } }) as Installation | null
  }

  async of(tenant: string, targetId: string): Promise<Installation[]> {
    return await this.#database.installation.findMany({ where: { tenant, targetId }, orderBy: { project: 'asc' } }) as Installation[]
  }

  /** Written twice it says the same. What is left out stays as it was. */
  async record({ tenant, targetId, project, version, status, backupPath, backupCount, releaseId, at = new Date() }:
    Pick<Installation, 'tenant' | 'targetId' | 'project' | 'version' | 'status'> & Partial<Pick<Installation, 'backupPath' | 'backupCount' | 'releaseId'>> & { at?: Date }): Promise<void> {
    const known = { version, status, lastUpdatedAt: at, ...(backupPath !== undefined && { backupPath }), ...(backupCount !== undefined && { backupCount }), ...(releaseId !== undefined && { releaseId }) }
    await this.#database.installation.upsert({
      where: { tenant_targetId_project: { tenant, targetId, project } }, update: known, create: { tenant, targetId, project, installedAt: at, ...known },
    })
  }
}
