"""Pages and API for a WSGI server behind a proxy; sockets stay with `riskdesk.asgi`."""

import os

from django.core.wsgi import get_wsgi_application

from riskdesk.start import refuse_on_errors

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "riskdesk.settings")
application = get_wsgi_application()
refuse_on_errors()
