"""A PostHog dashboard with the answers to the four questions, made from the catalogue: `footfall posthog provision`."""
