{{- define "labels" -}}
app: jupyterhub
release: {{ .Release.Name }}
chart: {{ .Chart.Name }}-{{ .Chart.Version }}
heritage: {{ .Release.Service }}
{{- end }}

{{- /* What selects a component's pods. In: root, component. */}}
{{- define "selector" -}}
app: jupyterhub
release: {{ .root.Release.Name }}
component: {{ .component }}
{{- end }}

{{- /* A container's image. In: its values. */}}
{{- define "image" -}}
image: {{ .name }}:{{ .tag }}
imagePullPolicy: {{ .pullPolicy | default "IfNotPresent" }}
{{- end }}

{{- /* The Secrets that every pod pulls its images with. In: the root. */}}
{{- define "pull.secrets" -}}
imagePullSecrets:
  {{- range .Values.imagePullSecrets }}
  - name: {{ if kindIs "string" . }}{{ . }}{{ else }}{{ .name }}{{ end }}
  {{- else }} []
  {{- end }}
{{- end }}

{{- /* A container that may do nothing but run. In: the uid. */}}
{{- define "restricted" -}}
allowPrivilegeEscalation: false
capabilities: {drop: [ALL]}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- /* Where a core pod may run. In: root, values (those of the pod). */}}
{{- define "core.placement" -}}
nodeSelector: {{- toYaml .values.nodeSelector | nindent 2 }}
tolerations: {{- toYaml (concat .root.Values.scheduling.corePods.tolerations .values.tolerations) | nindent 2 }}
{{- include "purpose" (dict "purpose" "core" "match" .root.Values.scheduling.corePods.nodeAffinity.matchNodePurpose) }}
{{- include "pull.secrets" .root | nindent 0 }}
{{- end }}

{{- /* Where a pod on the users' nodes may run. In: the root. */}}
{{- define "user.placement" -}}
nodeSelector: {{- toYaml .Values.singleuser.nodeSelector | nindent 2 }}
tolerations: {{- toYaml (concat .Values.scheduling.userPods.tolerations .Values.singleuser.extraTolerations) | nindent 2 }}
{{- include "purpose" (dict "purpose" "user" "match" .Values.scheduling.userPods.nodeAffinity.matchNodePurpose) }}
{{- include "pull.secrets" . | nindent 0 }}
{{- end }}

{{- /* Affinity to nodes labelled with their purpose. In: purpose, match. */}}
{{- define "purpose" -}}
{{- $terms := list (dict "key" "hub.jupyter.org/node-purpose" "operator" "In" "values" (list .purpose)) }}
{{- if eq .match "require" }}
affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: {{ toJson $terms }}}]}}}
{{- else if eq .match "prefer" }}
affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 100, preference: {matchExpressions: {{ toJson $terms }}}}]}}
{{- end }}
{{- end }}
