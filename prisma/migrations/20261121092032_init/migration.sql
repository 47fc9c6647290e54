-- CreateTable
CREATE TABLE "Bundle" (
    "tenant" TEXT NOT NULL,
    "digest" TEXT NOT NULL,
    "entry" TEXT NOT NULL,
    "sealed" TEXT NOT NULL,
    "bytes" INTEGER NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Bundle_pkey" PRIMARY KEY ("tenant","digest")
);

-- CreateTable
CREATE TABLE "Plan" (
    "tenant" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "bundle" TEXT NOT NULL,
    "comment" TEXT,
    "createdBy" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deletedAt" TIMESTAMP(3),

    CONSTRAINT "Plan_pkey" PRIMARY KEY ("tenant","name","version")
);

-- CreateTable
CREATE TABLE "Release" (
    "id" TEXT NOT NULL,
    "tenant" TEXT NOT NULL,
    "project" TEXT NOT NULL,
    "environment" TEXT NOT NULL,
    "version" TEXT NOT NULL,
    "planName" TEXT NOT NULL,
    "planVersion" INTEGER,
    "bundle" TEXT NOT NULL,
    "requestedBy" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "reason" TEXT,
    "concurrencyKey" TEXT NOT NULL,
    "idempotencyKey" TEXT,
    "requestDigest" TEXT NOT NULL,
    "input" JSONB NOT NULL,
    "view" JSONB,
    "sequence" INTEGER NOT NULL DEFAULT 0,
    "workflowStarted" BOOLEAN NOT NULL DEFAULT false,
    "rollbacks" INTEGER NOT NULL DEFAULT 0,
    "acceptedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "startedAt" TIMESTAMP(3),
    "endedAt" TIMESTAMP(3),

    CONSTRAINT "Release_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Event" (
    "releaseId" TEXT NOT NULL,
    "sequence" INTEGER NOT NULL,
    "at" TIMESTAMP(3) NOT NULL,
    "type" TEXT NOT NULL,
    "stage" TEXT,
    "job" TEXT,
    "message" TEXT NOT NULL,
    "data" JSONB NOT NULL,

    CONSTRAINT "Event_pkey" PRIMARY KEY ("releaseId","sequence")
);

-- CreateTable
CREATE TABLE "Undo" (
    "releaseId" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "position" INTEGER NOT NULL,
    "entry" JSONB NOT NULL,
    "state" TEXT NOT NULL,

    CONSTRAINT "Undo_pkey" PRIMARY KEY ("releaseId","id")
);

-- CreateTable
CREATE TABLE "Approval" (
    "releaseId" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "tenant" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "view" JSONB NOT NULL,
    "requestedAt" TIMESTAMP(3) NOT NULL,
    "expiresAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "Approval_pkey" PRIMARY KEY ("releaseId","id")
);

-- CreateTable
CREATE TABLE "LogChunk" (
    "releaseId" TEXT NOT NULL,
    "job" TEXT NOT NULL,
    "attempt" INTEGER NOT NULL,
    "stream" TEXT NOT NULL,
    "offset" BIGINT NOT NULL,
    "at" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "text" TEXT NOT NULL,
    "seq" BIGSERIAL NOT NULL,

    CONSTRAINT "LogChunk_pkey" PRIMARY KEY ("releaseId","job","attempt","stream","offset")
);

-- CreateTable
CREATE TABLE "ReleaseSecret" (
    "releaseId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "sealed" TEXT NOT NULL,

    CONSTRAINT "ReleaseSecret_pkey" PRIMARY KEY ("releaseId","name")
);

-- CreateTable
CREATE TABLE "Snapshot" (
    "digest" TEXT NOT NULL,
    "sealed" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Snapshot_pkey" PRIMARY KEY ("digest")
);

-- CreateTable
CREATE TABLE "Token" (
    "id" TEXT NOT NULL,
    "tenant" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "groups" TEXT[],
    "createdBy" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMP(3),
    "revokedAt" TIMESTAMP(3),

    CONSTRAINT "Token_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Audit" (
    "id" BIGSERIAL NOT NULL,
    "tenant" TEXT NOT NULL,
    "at" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "who" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "what" TEXT NOT NULL,
    "data" JSONB NOT NULL,

    CONSTRAINT "Audit_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "Release_tenant_acceptedAt_id_idx" ON "Release"("tenant", "acceptedAt" DESC, "id");

-- CreateIndex
CREATE INDEX "Release_tenant_project_environment_status_idx" ON "Release"("tenant", "project", "environment", "status");

-- CreateIndex
CREATE INDEX "Release_concurrencyKey_endedAt_idx" ON "Release"("concurrencyKey", "endedAt");

-- CreateIndex
CREATE INDEX "Release_workflowStarted_idx" ON "Release"("workflowStarted");

-- CreateIndex
CREATE UNIQUE INDEX "Release_tenant_idempotencyKey_key" ON "Release"("tenant", "idempotencyKey");

-- CreateIndex
CREATE INDEX "Approval_tenant_status_requestedAt_idx" ON "Approval"("tenant", "status", "requestedAt");

-- CreateIndex
CREATE INDEX "LogChunk_releaseId_seq_idx" ON "LogChunk"("releaseId", "seq");

-- CreateIndex
CREATE UNIQUE INDEX "Token_hash_key" ON "Token"("hash");

-- CreateIndex
CREATE INDEX "Token_tenant_idx" ON "Token"("tenant");

-- CreateIndex
CREATE INDEX "Audit_tenant_id_idx" ON "Audit"("tenant", "id" DESC);

-- AddForeignKey
ALTER TABLE "Event" ADD CONSTRAINT "Event_releaseId_fkey" FOREIGN KEY ("releaseId") REFERENCES "Release"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Undo" ADD CONSTRAINT "Undo_releaseId_fkey" FOREIGN KEY ("releaseId") REFERENCES "Release"("id") ON DELETE CASCADE ON UPDATE CASCADE;
