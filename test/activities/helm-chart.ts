/** A chart with a Deployment, a ConfigMap and a Secret, as files of a bundle. */
export const CHART = {
  'chart/Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 1.2.0\nappVersion: "2.4.0"\n',
  'chart/values.yaml': 'greeting: hello\ntag: "1"\nreplicas: 1\npassword: ""\n',
  'chart/templates/all.yaml': `apiVersion: v1
kind: ConfigMap
metadata: { name: {{ .Release.Name }}-text }
data: { greeting: {{ .Values.greeting | quote }} }
---
apiVersion: v1
kind: Secret
metadata: { name: {{ .Release.Name }}-secret }
stringData: { password: {{ .Values.password | quote }} }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: {{ .Release.Name }} }
spec:
  replicas: {{ .Values.replicas }}
  progressDeadlineSeconds: 600
  selector: { matchLabels: { app: {{ .Release.Name }} } }
  template:
    metadata: { labels: { app: {{ .Release.Name }} } }
    spec: { containers: [{ name: shop, image: "registry.local/shop:{{ .Values.tag }}" }] }
`,
  'production.yaml': 'greeting: from production\nreplicas: 2\n',
}
