import type { PullProgress } from './port.js'

/** One line of `POST /images/create` (Docker Engine API v1.41). */
export interface PullEvent { id?: string; status?: string; error?: string; progressDetail?: { current?: number; total?: number } }

const DONE = ['Pull complete', 'Already exists']

/** Adds up what an engine tells layer by layer. */
export class PullCount {
  readonly #layers = new Map<string, { bytes: number; total: number; done: boolean }>()

  add({ id, status = '', progressDetail }: PullEvent): void {
    if (id === undefined || status.startsWith('Pulling from')) return
    const layer = this.#layers.get(id) ?? { bytes: 0, total: 0, done: false }
    this.#layers.set(id, layer)
    if (status === 'Downloading') {
      layer.total = Math.max(layer.total, progressDetail?.total ?? 0)
      layer.bytes = Math.max(layer.bytes, progressDetail?.current ?? 0)
    }
    if (status === 'Extracting') layer.total = Math.max(layer.total, progressDetail?.total ?? 0)
    if (status === 'Download complete' || status === 'Extracting') layer.bytes = layer.total
    if (DONE.includes(status)) Object.assign(layer, { done: true, bytes: layer.total })
  }

  get progress(): PullProgress {
    const layers = [...this.#layers.values()]
    return {
      layers: layers.length, layersDone: layers.filter(({ done }) => done).length,
      bytes: layers.reduce((sum, { bytes }) => sum + bytes, 0), totalBytes: layers.reduce((sum, { total }) => sum + total, 0),
    }
  }
}
