import { existsSync } from 'node:fs'
import { KubeConfig } from '@kubernetes/client-node'
import { failure } from '../../domain/failures.js'
import type { ClusterAccess } from './port.js'

/** Where a pod finds who it is (Kubernetes: "Accessing the API from a Pod"). */
const IN_CLUSTER = '/var/run/secrets/kubernetes.io/serviceaccount/token'

/**
 * Which cluster, and as whom: the text, else the file, else the installation's file, else the cluster this runs in.
 * @param ownFile the installation's kubeconfig @throws CONFIG_INVALID naming the context that is not there
 */
export function readKubeConfig(access: ClusterAccess, ownFile: string | undefined): KubeConfig {
  const config = new KubeConfig()
  const { text, file } = sourceOf(access, ownFile)
  const from = text !== undefined ? 'the kubeconfig' : file !== undefined ? `the kubeconfig ${file}` : 'this cluster\'s own access'
  try {
    if (text !== undefined) config.loadFromString(text)
    else if (file !== undefined) config.loadFromFile(file)
    else config.loadFromCluster()
  } catch (error) {
    // A parser's message quotes what it could not read: of a text with keys in it nothing may be quoted.
    throw failure('CONFIG_INVALID', `${from} cannot be read${text === undefined ? `: ${(error as Error).message.split('\n', 1)[0]}` : ''}`)
  }
  if (access.context !== undefined) config.setCurrentContext(access.context)
  const name = config.getCurrentContext()
  const known = config.getContexts().map((context) => context.name)
  if (!known.includes(name)) throw failure('CONFIG_INVALID', `${from} has ${name ? `no context ${name}` : 'no current context'}; it has: ${known.join(', ') || 'none'}`)
  if (!config.getCurrentCluster()) throw failure('CONFIG_INVALID', `${from} has no cluster for its context ${name}`)
  if (!config.getCurrentUser()) throw failure('CONFIG_INVALID', `${from} has no user for its context ${name}`)
  return config
}

function sourceOf({ kubeconfig, kubeconfigFile, inCluster }: ClusterAccess, ownFile: string | undefined): { text?: string; file?: string } {
  if (kubeconfig !== undefined) return { text: kubeconfig }
  if (kubeconfigFile !== undefined) return { file: kubeconfigFile }
  if (inCluster !== true && ownFile !== undefined && ownFile !== '') return { file: ownFile }
  if (inCluster === true || existsSync(IN_CLUSTER)) return {}
  throw failure('CONFIG_INVALID', 'no cluster: the job and its target name none, KUBECONFIG is not set, and this is no pod')
}
