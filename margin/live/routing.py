"""The addresses of sockets."""

from django.urls import path, re_path

from margin.live.consumers import desk_socket
from margin.live.origin import refuse

websocket_urlpatterns = [
    path("ws/desk/<str:desk>/", desk_socket),  # type: ignore[arg-type]  # an ASGI application, not a view
    re_path(r"", refuse),  # type: ignore[arg-type]  # the same
]
