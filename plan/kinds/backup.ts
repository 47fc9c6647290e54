import { Type, type Static } from 'typebox'
import { defineKind } from '../kind.js'
import { strict } from '../schema-parts.js'

const Path = Type.String({ pattern: '^/', description: 'an absolute path on the machine' })

/** Where the backups of an application lie; shared with cleanup. */
export const BackupPlace = {
  app: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'default: $APP_NAME, which is the project' })),
  backupDir: Type.Optional(Type.String({ ...Path, description: 'backups lie in <backupDir>/<app>; default: the variable BACKUP_DIR, else backups in stateDir' })),
  stateDir: Type.Optional(Type.String({ minLength: 1, description: 'as for script' })),
}

export const BackupConfig = Type.Object({
  backupType: Type.Union([Type.Literal('full'), Type.Literal('incremental'), Type.Literal('config_only')], { default: 'full', description: 'incremental: what changed since the last full one, which stays with it; without one it is full' }),
  path: Type.Optional(Type.String({ ...Path, description: 'what to back up; default: the work_dir or path of the plan\'s deploy' })),
  paths: Type.Optional(Type.Array(Path, { minItems: 1 })),
  configPaths: Type.Array(Type.String({ minLength: 1, pattern: '^[^/]' }), { default: ['conf', 'config', 'etc', '*.conf', '*.ini', '*.json', '*.properties', '*.toml', '*.yaml', '*.yml', '.env'], description: 'config_only: what of each path, by shell patterns; what is not there is left out' }),
  retention: Type.Integer({ minimum: 1, default: 5, description: 'backups to keep, this one counted' }),
  restore: Type.Boolean({ default: false, description: 'put it back when the release is taken back' }),
  ...BackupPlace,
}, strict)
export type BackupConfig = Static<typeof BackupConfig>

/** Keep what is there, before something changes it. */
export const backup = defineKind({
  name: 'backup', description: 'Archives folders of the machine with a checksum and keeps the newest of them', schema: BackupConfig, runsIn: 'activity', actsOn: 'machine',
  undo: true, needsUndo: ({ restore }) => restore, variables: true, defaultTimeout: '30m',
  check: ({ path, paths }) => path !== undefined && paths !== undefined ? [{ path: 'paths', message: 'path or paths, not both' }] : [],
  explain: ({ backupType, path, paths = [path ?? 'the work_dir'], restore }) => ({ does: [`archives ${paths.join(', ')} (${backupType})`], undoes: restore ? [`${paths.join(', ')}, put back as it was archived`] : [] }),
})

export const CleanupConfig = Type.Object({
  path: Type.Optional(Type.String({ ...Path, description: 'folder with releases/ and the link current, as gitpull makes it; default: the path of the plan\'s deploy' })),
  versionsDir: Type.Optional(Type.String({ ...Path, description: 'folder with one folder a version; default: releases in path' })),
  keepVersions: Type.Integer({ minimum: 1, default: 3, description: 'newest to keep; the one in force and what taking this release back needs stay in any case' }),
  cleanBackups: Type.Boolean({ default: false }),
  keepBackups: Type.Integer({ minimum: 1, default: 5 }),
  ...BackupPlace,
}, strict)
export type CleanupConfig = Static<typeof CleanupConfig>

/** Take old versions and backups away. What is gone is gone: there is no undo. */
export const cleanup = defineKind({
  name: 'cleanup', description: 'Takes old versions, and old backups if asked, off the machine', schema: CleanupConfig, runsIn: 'activity', actsOn: 'machine', variables: true, defaultTimeout: '15m',
  explain: ({ keepVersions, cleanBackups, keepBackups }) => ({ does: [`keeps the ${keepVersions} newest versions${cleanBackups ? ` and ${keepBackups} backups` : ''}; what is in force or needed to go back stays`], undoes: [] }),
})
