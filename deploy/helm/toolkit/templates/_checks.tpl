{{/* Checks that a JSON Schema can't express; each message says what to change. */}}
{{- define "toolkit.checks" -}}
{{- if and .Values.telemetry.key .Values.telemetry.existingSecret.name -}}
{{- fail "telemetry.key and telemetry.existingSecret.name are both set: keep one of them" -}}
{{- end -}}
{{- if and .Values.state.persistence.enabled (gt (int .Values.replicas) 1) (ne .Values.state.persistence.accessMode "ReadWriteMany") -}}
{{- fail "several replicas can't share this volume: set state.persistence.accessMode=ReadWriteMany, or state.persistence.enabled=false, or replicas=1" -}}
{{- end -}}
{{- end -}}
