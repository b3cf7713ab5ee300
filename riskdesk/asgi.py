"""One ASGI server: pages, API and sockets."""

import os

from django.conf import settings
from django.core.asgi import get_asgi_application

from riskdesk.start import refuse_on_errors

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "riskdesk.settings")
pages = get_asgi_application()  # first: it sets Django up, which the imports below need
refuse_on_errors()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.sessions import CookieMiddleware  # noqa: E402

from margin.live.origin import own_pages_only  # noqa: E402
from margin.live.routing import websocket_urlpatterns  # noqa: E402
from riskdesk.body import Application, bounded  # noqa: E402
from riskdesk.forward import forwarded  # noqa: E402
from riskdesk.lifespan import lifespan  # noqa: E402

# The session's cookie is all a socket brings; accounts.sessions judges it, at opening and ever again.
sockets: Application = own_pages_only(CookieMiddleware(URLRouter(websocket_urlpatterns)))
http = forwarded(
    bounded(pages, most_bytes=settings.BODY_MOST_BYTES),
    host=settings.ENV.gate_host,
    port=settings.ENV.gate_port,
)
application = ProtocolTypeRouter({"http": http, "websocket": sockets, "lifespan": lifespan})
