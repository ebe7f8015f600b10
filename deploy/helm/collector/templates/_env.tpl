{{/* An environment value as text: Helm reads whole numbers as floats, and 1000000 must not become 1e+06. */}}
{{- define "collector.text" -}}
{{- if kindIs "slice" . -}}{{ join "," . }}
{{- else if and (kindIs "float64" .) (eq . (floor .)) -}}{{ int64 . }}
{{- else -}}{{ toString . }}{{- end -}}
{{- end -}}

{{/* `extraEnv`, a list or a map, as JSON `{"list": [...]}` of Kubernetes' entries; the last entry with a name wins. */}}
{{- define "collector.extraEnv" -}}
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
    {{- $entry = dict "name" .name "value" (kindIs "invalid" $value | ternary "" (include "collector.text" $value)) -}}
  {{- end -}}
  {{- $names = append $names .name -}}
  {{- $_ := set $last .name $entry -}}
{{- end -}}
{{- $list := list -}}
{{- range ($names | uniq) -}}{{- $list = append $list (get $last .) -}}{{- end -}}
{{- dict "list" $list | toJson -}}
{{- end -}}

{{/* Host names that the collector accepts: its services', the pod's address (for probes and Prometheus), and the ingress hosts. */}}
{{- define "collector.hosts" -}}
{{- $service := include "collector.fullname" . -}}
{{- $hosts := list $service (printf "%s.$(POD_NAMESPACE)" $service) (printf "%s.$(POD_NAMESPACE).svc" $service) (printf "%s.$(POD_NAMESPACE).svc.cluster.local" $service) -}}
{{- $hosts = concat $hosts (list (printf ".%s-pods.$(POD_NAMESPACE).svc.cluster.local" $service) "$(POD_IP)" "[$(POD_IP)]") -}}
{{- if .Values.ingress.enabled -}}{{- $hosts = concat $hosts .Values.ingress.hosts -}}{{- end -}}
{{- if .Values.httpRoute.enabled -}}{{- $hosts = concat $hosts .Values.httpRoute.hostnames -}}{{- end -}}
{{- $named := list -}}
{{- range (concat $hosts .Values.allowedHosts) -}}{{- $named = append $named (trimPrefix "*" .) -}}{{- end -}}
{{- join "," ($named | uniq) -}}
{{- end -}}

{{/* The variables that the chart sets. POD_… come first: Kubernetes expands $(…) only from earlier entries. */}}
{{- define "collector.ownEnv" -}}
- name: POD_IP
  valueFrom:
    fieldRef:
      fieldPath: status.podIP
- name: POD_NAMESPACE
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
- name: FOOTFALL_CONFIG
  value: /etc/footfall/footfall.toml
- name: FOOTFALL_DATA
  value: /var/lib/footfall
- name: FOOTFALL_HOST
  value: {{ .Values.listen | quote }}
- name: FOOTFALL_PORT
  value: "8765"
- name: FOOTFALL_ALLOWED_HOSTS
  value: {{ include "collector.hosts" . | quote }}
- name: FOOTFALL_SIGN_IN_SECRET
  valueFrom:
    secretKeyRef:
      name: {{ include "collector.secret" . | quote }}
      key: {{ include "collector.signInKey" . | quote }}
- name: FOOTFALL_PEPPER
  valueFrom:
    secretKeyRef:
      name: {{ include "collector.secret" . | quote }}
      key: {{ include "collector.pepperKey" . | quote }}
- name: FOOTFALL_ANSWERS_DEPLOYMENT_METHOD
  value: {{ .Values.deploymentMethod }}
{{- range $name, $value := .Values.settings }}
- name: FOOTFALL_{{ upper $name }}
  value: {{ include "collector.text" $value | quote }}
{{- end }}
{{- if .Values.clickhouse.url }}
- name: FOOTFALL_STORE
  value: {{ .Values.clickhouse.url | quote }}
{{- with .Values.clickhouse.existingSecret }}
{{- if .name }}
- name: FOOTFALL_STORE_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ .name | quote }}
      key: {{ .key | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/* The container's environment: extraEnv wins over the chart's own variables, and every name is unique. */}}
{{- define "collector.env" -}}
{{- $extra := (include "collector.extraEnv" . | fromJson).list -}}
{{- $names := list -}}
{{- range $extra -}}{{- $names = append $names .name -}}{{- end -}}
{{- $env := list -}}
{{- range (include "collector.ownEnv" . | fromYamlArray) -}}
  {{- if not (has .name $names) -}}{{- $env = append $env . -}}{{- end -}}
{{- end -}}
{{- concat $env $extra | toYaml -}}
{{- end -}}
