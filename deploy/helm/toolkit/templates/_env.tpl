{{/* An environment value as text: Helm reads whole numbers as floats, and 1000000 must not become 1e+06. */}}
{{- define "toolkit.text" -}}
{{- if and (kindIs "float64" .) (eq . (floor .)) -}}{{ int64 . }}{{- else -}}{{ toString . }}{{- end -}}
{{- end -}}

{{/* `extraEnv`, a list or a map, as JSON `{"list": [...]}` of Kubernetes' entries; the last entry with a name wins. */}}
{{- define "toolkit.extraEnv" -}}
{{- $given := list -}}
{{- if kindIs "map" .Values.extraEnv -}}
  {{- range $name, $value := .Values.extraEnv -}}
    {{- if kindIs "map" $value -}}
      {{- $given = append $given (merge (dict "name" $name) $value) -}}
    {{- else if not (kindIs "invalid" $value) -}}
      {{- $given = append $given (dict "name" $name "value" $value) -}}
    {{- end -}}
  {{- end -}}
{{- else -}}
  {{- $given = default list .Values.extraEnv -}}
{{- end -}}
{{- $last := dict -}}
{{- $names := list -}}
{{- range $given -}}
  {{- $entry := . -}}
  {{- if not (hasKey . "valueFrom") -}}
    {{- $value := get . "value" -}}
    {{- $entry = dict "name" .name "value" (kindIs "invalid" $value | ternary "" (include "toolkit.text" $value)) -}}
  {{- end -}}
  {{- $names = append $names .name -}}
  {{- $_ := set $last .name $entry -}}
{{- end -}}
{{- $list := list -}}
{{- range ($names | uniq) -}}{{- $list = append $list (get $last .) -}}{{- end -}}
{{- dict "list" $list | toJson -}}
{{- end -}}

{{/* The variables that the chart sets. DOT_AI_TELEMETRY only as false, so that extraEnvFrom can still turn telemetry off. */}}
{{- define "toolkit.ownEnv" -}}
- name: DOT_AI_DEPLOYMENT_METHOD
  value: helm
- name: DOT_AI_TELEMETRY_STATE_DIR
  {{- /* Below the volume, whose root belongs to another user: the server makes this directory its own. */}}
  value: /var/lib/footfall/state
{{- if eq (toString .Values.telemetry.enabled) "false" }}
- name: DOT_AI_TELEMETRY
  value: "false"
{{- end }}
{{- with .Values.telemetry.host }}
- name: DOT_AI_POSTHOG_HOST
  value: {{ . | quote }}
{{- end }}
{{- if .Values.telemetry.existingSecret.name }}
- name: DOT_AI_POSTHOG_KEY
  valueFrom:
    secretKeyRef:
      name: {{ .Values.telemetry.existingSecret.name | quote }}
      key: {{ .Values.telemetry.existingSecret.key | quote }}
      {{- /* While telemetry is on, a missing Secret must fail at once instead of sending under another key. */}}
      optional: {{ eq (include "toolkit.telemetry" .) "off" }}
{{- else if .Values.telemetry.key }}
- name: DOT_AI_POSTHOG_KEY
  value: {{ .Values.telemetry.key | quote }}
{{- end }}
{{- end -}}

{{/* The container's environment: extraEnv wins over the chart's own variables, and every name is unique. */}}
{{- define "toolkit.env" -}}
{{- $extra := (include "toolkit.extraEnv" . | fromJson).list -}}
{{- $names := list -}}
{{- range $extra -}}{{- $names = append $names .name -}}{{- end -}}
{{- $env := list -}}
{{- range (include "toolkit.ownEnv" . | fromYamlArray) -}}
  {{- if not (has .name $names) -}}{{- $env = append $env . -}}{{- end -}}
{{- end -}}
{{- concat $env $extra | toYaml -}}
{{- end -}}

{{/* `on` or `off`, decided as in the server: any off wins, and an unclear value is off. A value that only the
     cluster knows (valueFrom) counts as on here; the server makes the final decision. */}}
{{- define "toolkit.telemetry" -}}
{{- $said := dict "DOT_AI_TELEMETRY" (toString .Values.telemetry.enabled) "DO_NOT_TRACK" "" -}}
{{- range (include "toolkit.extraEnv" . | fromJson).list -}}
  {{- if hasKey $said .name -}}
    {{- $_ := set $said .name (hasKey . "valueFrom" | ternary "" (get . "value")) -}}
  {{- end -}}
{{- end -}}
{{- $switch := get $said "DOT_AI_TELEMETRY" | trim | lower -}}
{{- $doNotTrack := get $said "DO_NOT_TRACK" | trim | lower -}}
{{- if and (has $switch (list "" "true" "1" "yes" "on" "preview")) (has $doNotTrack (list "" "0" "false")) -}}
on
{{- else -}}
off
{{- end -}}
{{- end -}}
