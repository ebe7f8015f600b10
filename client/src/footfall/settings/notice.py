"""The first-run notice: what is collected, how to see it, how to turn it off."""

from .environment import Settings
from .product import Product


def first_run_notice(product: Product, settings: Settings) -> str:
    """A few lines for the log, given once per instance and before anything is sent."""
    prefix = product.prefix
    minutes = settings.grace_seconds / 60
    first = "minute" if round(minutes) == 1 else f"{minutes:.0f} minutes"
    grace = f"Nothing is sent in the first {first}. " if minutes >= 1 else ""
    return (
        f"{product.name} collects usage analytics: which tools run, how long they take, the class of errors, "
        f"versions, and the names of the MCP client and the AI provider, under a pseudonymous instance ID. Never "
        f"arguments, results, error messages, names of clusters or namespaces, keys, or addresses. {grace}"
        f"They go to {settings.host}.\n"
        f"  See it:      footfall status | preview | log --product {product.name}\n"
        f"  Turn it off: {prefix}TELEMETRY=false, or `footfall off --product {product.name}`\n"
        f'  Over stdio the MCP client must pass the variable on: "env": {{"{prefix}TELEMETRY": "false"}}'
    )
