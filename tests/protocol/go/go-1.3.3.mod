module footfall/tests/protocol

go 1.23

require github.com/posthog/posthog-go v1.3.3
