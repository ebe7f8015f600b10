"""`footfall-collector posthog provision`: a product's charts as insights of a PostHog dashboard."""
