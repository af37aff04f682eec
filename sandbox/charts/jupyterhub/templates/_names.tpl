{{- define "labels" -}}
app: jupyterhub
release: {{ .Release.Name }}
chart: {{ .Chart.Name }}-{{ .Chart.Version }}
heritage: {{ .Release.Service }}
{{- end }}

{{- /* The Secrets that every pod pulls its images with. In: the root. */}}
{{- define "pull.secrets" -}}
imagePullSecrets: {{- toYaml .Values.imagePullSecrets | nindent 2 }}
{{- end }}

{{- /* Where a core pod may run. In: root, values (those of the pod). */}}
{{- define "core.placement" -}}
nodeSelector: {{- toYaml .values.nodeSelector | nindent 2 }}
tolerations: {{- toYaml (concat .root.Values.scheduling.corePods.tolerations (.values.tolerations | default list)) | nindent 2 }}
{{- include "purpose" (dict "purpose" "core" "match" .root.Values.scheduling.corePods.nodeAffinity.matchNodePurpose) }}
{{- end }}

{{- /* Where a pod on the users' nodes may run. In: the root. */}}
{{- define "user.placement" -}}
nodeSelector: {{- toYaml .Values.singleuser.nodeSelector | nindent 2 }}
tolerations: {{- toYaml (concat .Values.scheduling.userPods.tolerations .Values.singleuser.extraTolerations) | nindent 2 }}
{{- include "purpose" (dict "purpose" "user" "match" .Values.scheduling.userPods.nodeAffinity.matchNodePurpose) }}
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

{{- /* An init container for each image that a user's pod may need. In: the root. */}}
{{- define "image.pulls" -}}
- name: image-pull-singleuser
  image: {{ .Values.singleuser.image.name }}:{{ .Values.singleuser.image.tag }}
  command: [/bin/sh, -c, echo "Pulling complete"]
{{- range $index, $profile := .Values.singleuser.profileList }}
{{- with ($profile.kubespawner_override | default dict).image }}
- name: image-pull-singleuser-profilelist-{{ $index }}
  image: {{ . }}
  command: [/bin/sh, -c, echo "Pulling complete"]
{{- end }}
{{- end }}
{{- range $name, $image := .Values.prePuller.extraImages }}
- name: image-pull-{{ $name }}
  image: {{ $image.name }}:{{ $image.tag }}
  command: [/bin/sh, -c, echo "Pulling complete"]
{{- end }}
{{- end }}
