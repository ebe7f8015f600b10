{{/* Checks that a JSON Schema can't express; each message says what to change. */}}
{{- define "collector.checks" -}}
{{- if and .Values.secrets.existingSecret.name (or .Values.secrets.signIn .Values.secrets.pepper) -}}
{{- fail "secrets.existingSecret.name is set together with secrets.signIn or secrets.pepper: keep one of them" -}}
{{- end -}}
{{- if and (gt (int .Values.replicas) 1) (not .Values.clickhouse.url) -}}
{{- fail "several collectors can't share the embedded store: set clickhouse.url, or replicas=1" -}}
{{- end -}}
{{- if and .Values.clickhouse.existingSecret.name (not .Values.clickhouse.url) -}}
{{- fail "clickhouse.existingSecret.name is set without clickhouse.url: set both" -}}
{{- end -}}
{{- if .Values.backup.enabled -}}
  {{- if .Values.clickhouse.url -}}
  {{- fail "backup.enabled copies the embedded store, and clickhouse.url is set: use ClickHouse's own BACKUP, and backup.enabled=false" -}}
  {{- end -}}
  {{- if ne .Values.persistence.accessMode "ReadWriteOnce" -}}
  {{- fail "the backup's pod mounts the collector's volume too: set persistence.accessMode=ReadWriteOnce" -}}
  {{- end -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.hosts) -}}
{{- fail "ingress.enabled needs ingress.hosts: the collector answers only to names that it was told" -}}
{{- end -}}
{{- if and .Values.httpRoute.enabled (not (and .Values.httpRoute.parentRefs .Values.httpRoute.hostnames)) -}}
{{- fail "httpRoute.enabled needs httpRoute.parentRefs and httpRoute.hostnames: the collector answers only to names that it was told" -}}
{{- end -}}
{{- if or .Values.ingress.enabled .Values.httpRoute.enabled -}}
  {{- $names := list -}}
  {{- range (include "collector.extraEnv" . | fromJson).list -}}{{- $names = append $names .name -}}{{- end -}}
  {{- if not (or .Values.settings.trusted_proxies (has "FOOTFALL_TRUSTED_PROXIES" $names)) -}}
  {{- fail "ingress.enabled and httpRoute.enabled need trusted_proxies in settings, the networks of the ingress controller's or gateway's pods, such as [10.244.0.0/16] (kubectl get pods --all-namespaces --output wide shows addresses): everyone behind them is one sender otherwise, and shares its limits" -}}
  {{- end -}}
{{- end -}}
{{- if and .Values.serviceMonitor.enabled (hasPrefix "$argon2" .Values.secrets.signIn) (not .Values.serviceMonitor.bearerSecret.name) -}}
{{- fail "Prometheus can't sign in with a hash: put the plain sign-in secret into a Secret and name it in serviceMonitor.bearerSecret.name" -}}
{{- end -}}
{{- range $name, $product := .Values.products -}}
  {{- with ($product | default dict).catalogue -}}
    {{- if not (hasKey $.Values.catalogues .) -}}
    {{- fail (printf "products.%s.catalogue names %s: add it to catalogues" $name .) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- range .Values.writeKeys -}}
  {{- if not (hasKey $.Values.products .product) -}}
  {{- fail (printf "writeKeys names the product %s: add it to products" .product) -}}
  {{- end -}}
{{- end -}}
{{- end -}}
