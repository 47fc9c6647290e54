import { expect, test } from 'vitest'
import { manifestsOf } from '../../activities/kinds/kubernetes/manifests.js'
import { kustomizeArgv } from '../../activities/kinds/kubernetes/kustomize.js'
import { renderTemplate } from '../../activities/kinds/kubernetes/template.js'
import type { JobContext } from '../../activities/kind-runner.js'
import { MemoryCluster } from '../../drivers/clusters/memory.js'
import type { ClusterObject } from '../../drivers/clusters/port.js'
import type { KubernetesConfig } from '../../plan/kinds/kubernetes.js'
import { kubernetesJob } from './kubernetes-world.js'

const config = (name: string, colour = 'red'): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\ndata: { colour: "${colour}" }\n`
const read = async (given: Partial<KubernetesConfig>, files: Record<string, string> = {}, changes: Partial<JobContext> = {}): Promise<ClusterObject[]> =>
  manifestsOf({ kubectl: 'kubectl', ...given }, new MemoryCluster(), kubernetesJob(new MemoryCluster(), { files, ...changes }).context)
const names = (objects: ClusterObject[]): string[] => objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? '-'}/${metadata.name}`)

test('manifests are the files of a folder, one file, several, or the YAML itself', async () => {
  const files = { 'k8s/b.yaml': config('b'), 'k8s/a.yml': `${config('a')}---\n# nothing\n---\n${config('a2')}`, 'k8s/read.me': 'hello', 'k8s/deep/c.json': JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' } }] }), 'other.yaml': config('d') }
  expect(names(await read({ manifests: './k8s' }, files))).toEqual(['ConfigMap default/a', 'ConfigMap default/a2', 'ConfigMap default/b', 'ConfigMap default/c'])
  expect(names(await read({ manifests: ['./other.yaml', 'k8s/b.yaml'] }, files))).toEqual(['ConfigMap default/d', 'ConfigMap default/b'])
  expect(names(await read({ manifests: config('e') }))).toEqual(['ConfigMap default/e'])
})

test('what others need is applied first, and a namespace is given only to kinds that have one', async () => {
  const written = [['apps/v1', 'Deployment'], ['v1', 'Service'], ['v1', 'ConfigMap'], ['example.com/v1', 'Thing'], ['rbac.authorization.k8s.io/v1', 'ClusterRole'], ['apiextensions.k8s.io/v1', 'CustomResourceDefinition'], ['v1', 'Namespace']]
  const objects = await read({ namespace: 'shop', manifests: written.map(([apiVersion, kind]) => `---\napiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: { name: x }\n${kind === 'CustomResourceDefinition' ? 'spec: { group: example.com, scope: Cluster, names: { kind: Thing } }\n' : ''}`).join('') })
  expect(names(objects)).toEqual(['Namespace -/x', 'CustomResourceDefinition -/x', 'ClusterRole -/x', 'ConfigMap shop/x', 'Service shop/x', 'Deployment shop/x', 'Thing -/x'])
})

test('numbers are read as Kubernetes reads them', async () => {
  const [object] = await read({ manifests: 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\nx: { mode: 0644, port: 22:22, day: 2026-01-01, isOn: on }\n' })
  expect(object?.['x']).toEqual({ mode: 0o644, port: '22:22', day: '2026-01-01', isOn: true })
})

test('values come from files and the plan, later ones win, and are written where the template says', async () => {
  const files = {
    'k8s/deployment.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: "{{ .Values.name }}" }\ndata:\n  tag: {{ .Values.image.tag | default .Release.Version | quote }}\n  replicas: {{ default 2 .Values.replicas | quote }}\n  list: {{ .Values.list | toYaml | nindent 4 }}\n',
    'k8s/values.yaml': 'name: web\nimage: { tag: "1", pull: always }\nlist: [a, b]\n', 'values-prod.yaml': 'image: { tag: "${variables.tag}" }\n',
  }
  const [object, ...others] = await read({ manifests: './k8s', valuesFile: ['./k8s/values.yaml', './values-prod.yaml'], values: { replicas: 5 } }, files, { variables: { tag: '2.0' } })
  expect(object).toMatchObject({ metadata: { name: 'web' }, data: { tag: '2.0', replicas: '5', list: ['a', 'b'] } })
  expect(others).toEqual([])
})

test('without values a manifest may hold templates of others', async () => {
  const [object] = await read({ manifests: config('a', '{{ $labels.job }}') })
  expect(object?.['data']).toEqual({ colour: '{{ $labels.job }}' })
})

test.each([
  ['{{ .Values.a | quote }}', '"it is \\"so\\""'], ['{{ .Values.a | squote }}', '\'it is "so"\''], ['{{ .Values.none | default "x" }}', 'x'], ['{{ .Values.zero | default 3 }}', '3'],
  ['{{ "A" | lower }}{{ upper "b" }}', 'aB'], ['a {{- .Values.zero -}} \n b', 'a0b'], ['{{/* said */}}x', 'x'], ['{{ .Values.m | toJson }}', '{"x":1}'], ['{{ "s3" | b64enc }}', 'czM='], ['{{ toYaml .Values.m | indent 2 }}', '  x: 1'],
])('the template %s becomes %s', (template, text) => {
  expect(renderTemplate('a.yaml', template, { Values: { a: 'it is "so"', zero: 0, m: { x: 1 } }, Release: {} })).toBe(text)
})

test.each([
  ['\n{{ .Values.none }}', 'a.yaml, line 2: {{ .Values.none }}: has no value'], ['{{ .Values.m }}', 'is a map or a list'], ['{{ if .Values.a }}', 'if is not known here'], ['{{ .Values.a | required "x" | shout }}', 'shout is not known here'],
  ['{{ required "name a tag" .Values.none }}', 'name a tag'], ['{{ .Chart.Name }}', '.Chart.Name is not known here'], ['{{ .Values.a | default }}', 'default takes 2 arguments'], ['{{ .Values.constructor }}', 'has no value'], ['{{ constructor "x" }}', 'constructor is not known here'],
])('the template %s is an error that says where and what', (template, message) => {
  expect(() => renderTemplate('a.yaml', template, { Values: { a: 'b', m: {} }, Release: {} })).toThrow(message)
})

test('references in files are filled in after the file is read, so that no value changes its structure', async () => {
  const files = { 'a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\ndata: { tag: "v${variables.tag}", evil: "${variables.evil}", script: "echo ${HOME} $${variables.tag}", built: "${RELEASE_VERSION}", count: "${variables.n}" }\n' }
  const [object] = await read({ manifests: './a.yaml' }, files, { variables: { tag: '1', evil: 'x", other: "y\nkind: Secret', n: 3 } })
  expect(object?.['data']).toEqual({ tag: 'v1', evil: 'x", other: "y\nkind: Secret', script: 'echo ${HOME} ${variables.tag}', built: '2.4.0', count: 3 })
  expect(object?.kind).toBe('ConfigMap')
})

test.each<[string, Partial<KubernetesConfig>, Record<string, string>, string]>([
  ['a file that is not in the bundle', { manifests: './k8s/none.yaml' }, {}, 'the bundle has no file or folder ./k8s/none.yaml'],
  ['a folder without manifests', { manifests: './k8s' }, { 'k8s/a.txt': 'a', 'k8s/b.txt': 'b' }, 'the bundle has no manifest in ./k8s'],
  ['values that are not there', { manifests: './a.yaml', valuesFile: './values.yaml' }, { 'a.yaml': config('a') }, 'the bundle has no values file ./values.yaml'],
  ['values that are a list', { manifests: './a.yaml', valuesFile: './values.yaml' }, { 'a.yaml': config('a'), 'values.yaml': '[a]' }, './values.yaml is no map of values'],
  ['bad YAML', { manifests: './a.yaml' }, { 'a.yaml': 'a: [b\nc: d\n' }, 'a.yaml, line 2: '],
  ['what is no object', { manifests: './a.yaml' }, { 'a.yaml': `${config('a')}---\nhello\n` }, 'a.yaml (document 2) is no Kubernetes object'],
  ['an object without a name', { manifests: 'apiVersion: v1\nkind: Pod\nmetadata: { generateName: x- }\n' }, {}, 'manifests, a Pod, has no metadata.name (generateName would make another object each time it is tried again)'],
  ['the same object twice', { manifests: `${config('a')}---\n${config('a')}` }, {}, 'ConfigMap default/a is in the manifests twice'],
  ['nothing at all', { manifests: './a.yaml' }, { 'a.yaml': '# empty\n' }, 'there is no object in the manifests'],
  ['a variable the plan does not have', { manifests: './a.yaml' }, { 'a.yaml': config('a', '${variables.none}') }, 'a.yaml: ${variables.none}: the plan has no such variable; it has: none'],
  ['kustomize without kubectl', { kustomize: './k', kubectl: '/no/such/kubectl' }, { 'k/kustomization.yaml': '' }, 'kustomize needs kubectl on the worker: there is no program /no/such/kubectl'],
])('%s fails with its name', async (_what, given, files, message) => {
  await expect(read(given, files)).rejects.toMatchObject({ type: 'CONFIG_INVALID', message: expect.stringContaining(message) as string })
})

test('kustomize is asked for one folder and nothing else', () => {
  expect(kustomizeArgv('/tmp/x/overlays/prod')).toEqual(['kustomize', '/tmp/x/overlays/prod'])
})
