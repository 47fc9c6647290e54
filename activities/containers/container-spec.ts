import { createHash } from 'node:crypto'
import { durationMs } from '../../domain/duration.js'
import type { ContainerSpec, Healthcheck, PortBinding } from '../../drivers/containers/port.js'
import type { ContainerParts } from '../../plan/kinds/container-parts.js'
import type { WantedImage } from './fetch-image.js'
import { LABEL, releaseLabels, type Service } from './service.js'

const UNITS: Record<string, number> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }
const DEFAULT_CHECK_MS = { interval: 10_000, timeout: 5000, startPeriod: 0 }

/** A container before it has a name. */
export type Unnamed = Omit<ContainerSpec, 'name'>
export interface Made { service: Service; releaseId: string; version: string; index: number; image: WantedImage; ports: PortBinding[]; environment: Record<string, string>; secrets: string[] }

/** What the plan's parts come to. A port on the machine that is 0 is filled in when it is made. */
export function containerSpec(parts: ContainerParts, { service, releaseId, version, index, image, ports, environment, secrets }: Made): Unnamed {
  const { resources } = parts
  const spec: Unnamed = {
    image: image.reference, command: parts.command ?? null, entrypoint: parts.entrypoint ?? null, environment, ports,
    labels: {
      ...parts.labels, ...releaseLabels(service, releaseId), [LABEL.version]: version, [LABEL.index]: String(index),
      [LABEL.image]: parts.image, [LABEL.digest]: image.digest ?? image.reference, [LABEL.secrets]: secrets.join(','),
    },
    restart: parts.restart, cpus: resources.cpus ?? null, memoryBytes: resources.memory === undefined ? null : sizeBytes(resources.memory), pids: resources.pids ?? null,
    volumes: parts.volumes, networks: parts.networks, aliases: [service.service], healthcheck: parts.healthcheck === undefined ? null : healthcheckOf(parts.healthcheck),
    user: parts.user ?? null, workDir: parts.workDir ?? null, log: parts.logs,
  }
  return { ...spec, labels: { ...spec.labels, [LABEL.spec]: createHash('sha256').update(JSON.stringify(spec)).digest('hex') } }
}

/** `256m`, `1.5GiB` in bytes. */
export function sizeBytes(text: string): number {
  const [, count = '0', unit = ''] = /^([\d.]+)([kmg]?)/i.exec(text) ?? []
  return Math.round(Number(count) * (UNITS[unit.toLowerCase()] ?? 1))
}

/** `127.0.0.1:8080:80/tcp` for the n-th replica, from 1. */
export function portBinding(text: string, n: number): PortBinding {
  const [, address = '0.0.0.0', host = '0', container = '0', protocol = 'tcp'] = /^(?:([\d.]*\.[\d.]*|\[[^\]]+\]):)?(?:(\d*):)?(\d+)(?:\/(tcp|udp))?$/.exec(text) ?? []
  return { container: Number(container), host: Number(host) === 0 ? 0 : Number(host) + n - 1, address: address.replace(/^\[|\]$/g, ''), protocol: protocol === 'udp' ? 'udp' : 'tcp' }
}

function healthcheckOf({ command, interval, timeout, startPeriod, retries }: NonNullable<ContainerParts['healthcheck']>): Healthcheck {
  const ms = (text: string | undefined, otherwise: number): number => text === undefined ? otherwise : durationMs(text)
  return {
    command: typeof command === 'string' ? ['CMD-SHELL', command] : ['CMD', ...command],
    intervalMs: ms(interval, DEFAULT_CHECK_MS.interval), timeoutMs: ms(timeout, DEFAULT_CHECK_MS.timeout), startPeriodMs: ms(startPeriod, DEFAULT_CHECK_MS.startPeriod), retries,
  }
}
