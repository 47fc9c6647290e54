-- CreateTable
CREATE TABLE "Project" (
    "id" TEXT NOT NULL,
    "tenant" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "type" TEXT,
    "description" TEXT,
    "repoUrl" TEXT,
    "repoType" TEXT,
    "createdBy" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "Project_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Environment" (
    "id" TEXT NOT NULL,
    "tenant" TEXT NOT NULL,
    "projectId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT,
    "window" JSONB,
    "requireApproval" BOOLEAN NOT NULL DEFAULT false,
    "approvers" TEXT[],
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "Environment_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Target" (
    "id" TEXT NOT NULL,
    "tenant" TEXT NOT NULL,
    "environmentId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "via" TEXT NOT NULL,
    "host" TEXT,
    "labels" JSONB NOT NULL,
    "priority" INTEGER NOT NULL DEFAULT 0,
    "config" JSONB NOT NULL,
    "lastSeenAt" TIMESTAMP(3),
    "reachable" BOOLEAN,
    "health" JSONB,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "Target_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Installation" (
    "tenant" TEXT NOT NULL,
    "targetId" TEXT NOT NULL,
    "project" TEXT NOT NULL,
    "version" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "backupPath" TEXT,
    "backupCount" INTEGER NOT NULL DEFAULT 0,
    "releaseId" TEXT,
    "installedAt" TIMESTAMP(3) NOT NULL,
    "lastUpdatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "Installation_pkey" PRIMARY KEY ("tenant","targetId","project")
);

-- CreateTable
CREATE TABLE "FleetStage" (
    "releaseId" TEXT NOT NULL,
    "stage" TEXT NOT NULL,
    "tenant" TEXT NOT NULL,
    "brief" JSONB NOT NULL,

    CONSTRAINT "FleetStage_pkey" PRIMARY KEY ("releaseId","stage")
);

-- CreateTable
CREATE TABLE "TargetRun" (
    "releaseId" TEXT NOT NULL,
    "stage" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "targetId" TEXT NOT NULL,
    "position" INTEGER NOT NULL,
    "wave" INTEGER NOT NULL,
    "target" JSONB NOT NULL,
    "status" TEXT NOT NULL,
    "message" TEXT,
    "pass" INTEGER NOT NULL DEFAULT 0,
    "jobs" JSONB NOT NULL,
    "undo" JSONB NOT NULL,
    "open" BOOLEAN NOT NULL DEFAULT false,
    "startedAt" TIMESTAMP(3),
    "endedAt" TIMESTAMP(3),

    CONSTRAINT "TargetRun_pkey" PRIMARY KEY ("releaseId","stage","name")
);

-- CreateIndex
CREATE UNIQUE INDEX "Project_tenant_name_key" ON "Project"("tenant", "name");

-- CreateIndex
CREATE UNIQUE INDEX "Environment_projectId_name_key" ON "Environment"("projectId", "name");

-- CreateIndex
CREATE INDEX "Target_tenant_name_idx" ON "Target"("tenant", "name");

-- CreateIndex
CREATE UNIQUE INDEX "Target_environmentId_name_key" ON "Target"("environmentId", "name");

-- CreateIndex
CREATE INDEX "TargetRun_releaseId_stage_wave_position_idx" ON "TargetRun"("releaseId", "stage", "wave", "position");

-- CreateIndex
CREATE INDEX "TargetRun_releaseId_status_idx" ON "TargetRun"("releaseId", "status");

-- CreateIndex
CREATE UNIQUE INDEX "TargetRun_releaseId_stage_position_key" ON "TargetRun"("releaseId", "stage", "position");

-- AddForeignKey
ALTER TABLE "Environment" ADD CONSTRAINT "Environment_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Target" ADD CONSTRAINT "Target_environmentId_fkey" FOREIGN KEY ("environmentId") REFERENCES "Environment"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
