import { defineSignal } from '@temporalio/workflow'
import type { WaveNews, WaveProgress } from './inputs.js'

/** To a release: how far one of its waves, or the taking back of a stage, has come. */
export const waveProgressSignal = defineSignal<[WaveProgress]>('waveProgress')
/** To a wave and its targets. */
export const pausedSignal = defineSignal<[{ isPaused: boolean }]>('paused')
/** To a wave: do not wait for the next batch. `all`: for none of them. */
export const hurrySignal = defineSignal<[{ all: boolean }]>('hurry')
/** To a wave: a person had one of its targets tried again, or taken back. */
export const waveNewsSignal = defineSignal<[WaveNews]>('waveNews')
