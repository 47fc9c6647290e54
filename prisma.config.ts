import { defineConfig } from 'prisma/config'

/** Only `prisma generate` reads this; migrations are applied by store/migrate.ts, which is given its URL. */
export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
})
