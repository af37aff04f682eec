{{- /* In: root, name (of the chart or subchart), component. */}}
{{- define "selector" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{- /* "prometheus" for the release of that name, as in the real chart. */}}
{{- define "prefix" -}}
{{- if contains "prometheus" .Release.Name }}{{ .Release.Name }}{{ else }}{{ .Release.Name }}-prometheus{{ end }}
{{- end }}
