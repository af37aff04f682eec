{{- define "selector" -}}
app.kubernetes.io/name: grafana
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- /* Grafana's own form of a configuration: sections with keys. */}}
{{- define "ini" -}}
{{- range $section, $keys := index .Values "grafana.ini" }}
[{{ $section }}]
{{- range $key, $value := $keys }}
{{ $key }} = {{ $value }}
{{- end }}
{{- end }}
{{- end }}
