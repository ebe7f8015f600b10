"""Answers to the other requests of SDKs: flags and remote configuration. All features are off; nothing is stored."""

import re
import uuid
from typing import Any

import msgspec

_CONFIG_PATH = re.compile(r"/array/([A-Za-z0-9_\-.]{1,64})/config(\.js)?/?")
_COMPRESSION = ["gzip", "gzip-js"]


def flags() -> bytes:
    """The answer to `/flags`: no feature flags."""
    return msgspec.json.encode(
        {
            "flags": {},
            "featureFlags": {},
            "featureFlagPayloads": {},
            "errorsWhileComputingFlags": False,
            "quotaLimited": [],
            "requestId": str(uuid.uuid4()),
            **_remote_config(),
        }
    )


def decide() -> bytes:
    """The answer to the older `/decide`."""
    return msgspec.json.encode(
        {
            "config": {"enable_collect_everything": False},
            "featureFlags": {},
            "featureFlagPayloads": {},
            "errorsWhileComputingFlags": False,
            "toolbarParams": {},
            "isAuthenticated": False,
            **_remote_config(),
        }
    )


def remote_config(path: str) -> tuple[bytes, str] | None:
    """Body and content type for `/array/<token>/config` and `config.js`; None for any other path."""
    match = _CONFIG_PATH.fullmatch(path)
    if match is None:
        return None
    token, script = match.groups()
    config = msgspec.json.encode({"token": token, **_remote_config()})
    if not script:
        return config, "application/json"
    text = (
        "(function(){var c=window._POSTHOG_REMOTE_CONFIG=window._POSTHOG_REMOTE_CONFIG||{};"
        f'c["{token}"]={{config:{config.decode()},siteApps:[]}};}})();'
    )
    return text.encode(), "application/javascript"


def _remote_config() -> dict[str, Any]:
    return {
        "supportedCompression": _COMPRESSION,
        "hasFeatureFlags": False,
        "analytics": {"endpoint": "/i/v0/e/"},
        "autocapture_opt_out": True,
        "autocaptureExceptions": False,
        "captureDeadClicks": False,
        "capturePerformance": False,
        "conversations": False,
        "defaultIdentifiedOnly": True,
        "elementsChainAsString": True,
        "errorTracking": {"autocaptureExceptions": False, "suppressionRules": []},
        "heatmaps": False,
        "logs": {"captureConsoleLogs": False},
        "sessionRecording": False,
        "siteApps": [],
        # No `surveys`: with any value posthog-js loads a script for them, and logs an error as there is none.
    }
