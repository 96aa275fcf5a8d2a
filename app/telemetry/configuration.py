"""Whether tracing is configured, by OpenTelemetry's environment variables."""

import os
from collections.abc import Mapping
from importlib.util import find_spec

from app.kit.errors import Misconfigured

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


def is_tracing_configured(environment: Mapping[str, str] = os.environ) -> bool:
    """Tell whether traces have a destination; raise if the exporter is not installed."""
    is_off = environment.get("OTEL_SDK_DISABLED", "").lower() == "true"
    goes_nowhere = not any(environment.get(name) for name in _ENDPOINTS)
    if is_off or goes_nowhere or environment.get("OTEL_TRACES_EXPORTER") == "none":
        return False
    if find_spec("opentelemetry.sdk") is None:
        raise Misconfigured(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, and what sends traces is not installed. Install "
            "dateline[otel], or set OTEL_SDK_DISABLED=true."
        )
    return True
