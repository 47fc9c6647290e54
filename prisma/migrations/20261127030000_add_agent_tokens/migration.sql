-- AlterTable
ALTER TABLE "Token" ADD COLUMN     "target" TEXT;
