/** One attempt of a kubernetes job as a process of its own, so that a test can kill it: part, kubeconfig, release, config, snapshot. Writes the job's log. */
import type { JsonObject } from '../../domain/json.js'
import { openCluster } from '../support/cluster.js'
import { kubernetesJob, type Given } from './kubernetes-world.js'

const [part, kubeconfig = '', releaseId = '', config = '{}', snapshot = '{}'] = process.argv.slice(2)
const job = kubernetesJob(openCluster(kubeconfig), { releaseId, log: (_stream, _offset, text) => { process.stdout.write(text) } })
const given = JSON.parse(config) as Given
if (part === 'execute') await job.execute(given)
else await job.rollback(given, JSON.parse(snapshot) as JsonObject)
