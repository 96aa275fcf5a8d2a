"""The rings in front of the framework, from the outermost to the innermost."""

from threading import Event

from app.api.edge.asgi import App
from app.api.edge.auth import AuthRing
from app.api.edge.body import BodyRing
from app.api.edge.cors import CorsRing
from app.api.edge.delivery import DeliveryRing
from app.api.edge.failure import FailureRing
from app.api.edge.head import HeadRing
from app.api.edge.host import HostRing
from app.api.edge.paths import PathRing
from app.api.edge.request import RequestRing
from app.api.edge.serving import server_hooks
from app.api.edge.stream import StreamRing
from app.api.edge.unstored import UnstoredRing
from app.api.metrics import Metrics
from app.api.pulse import Pulse
from app.bootstrap import Services

# Bodies of these are read line by line, and limited by the line.
STREAMED = ("/v1/manage/import",)


def stack(app: App, services: Services, metrics: Metrics, pulse: Pulse, draining: Event) -> App:
    """Put the rings around the framework; `draining` is set when the server is about to stop."""
    settings = services.settings
    app = BodyRing(app, settings.max_body_bytes, STREAMED)
    app = StreamRing(app, services, pulse)
    app = AuthRing(app, settings, services.database, services.clock)
    app = HeadRing(app)
    app = FailureRing(app)
    app = UnstoredRing(app)
    app = CorsRing(app, settings.cors_origins, settings.management_cors_origins)
    app = PathRing(app)
    app = HostRing(app, settings.allowed_hosts)
    app = RequestRing(app, metrics)
    ring = DeliveryRing(app, services, metrics, pulse)
    ring.hooks = server_hooks(ring.at_hand, draining, pulse, settings)
    return ring
