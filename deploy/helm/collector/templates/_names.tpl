{{- define "collector.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* At most 40 characters, so that `…-backup` is valid as a CronJob's name (52) and `…-backup-tmp` as a volume's. */}}
{{- define "collector.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "collector.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "collector.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "collector.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "collector.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "collector.secret" -}}
{{- default (include "collector.fullname" .) .Values.secrets.existingSecret.name -}}
{{- end -}}

{{- define "collector.signInKey" -}}
{{- empty .Values.secrets.existingSecret.name | ternary "sign-in-secret" .Values.secrets.existingSecret.signInKey -}}
{{- end -}}

{{- define "collector.pepperKey" -}}
{{- empty .Values.secrets.existingSecret.name | ternary "pepper" .Values.secrets.existingSecret.pepperKey -}}
{{- end -}}

{{- define "collector.image" -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end -}}

{{- define "collector.instance" -}}
app.kubernetes.io/name: {{ include "collector.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* Includes the component: the backup's pods belong to this release too, and no service may select them. */}}
{{- define "collector.selector" -}}
{{ include "collector.instance" . }}
app.kubernetes.io/component: collector
{{- end -}}

{{- define "collector.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "collector.instance" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}
