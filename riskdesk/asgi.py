"""One ASGI server: pages, API and sockets."""

import os

from django.core.asgi import get_asgi_application

from riskdesk.start import refuse_on_errors

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "riskdesk.settings")
application = get_asgi_application()
refuse_on_errors()
