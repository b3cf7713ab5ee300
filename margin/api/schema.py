"""/api/schema/ and /api/docs/: the API described, for programs and for people. Not public."""

from typing import Any

from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request

from margin.api.authentication import SessionAuthentication, TokenAuthentication
from margin.api.endpoint import read_query


@extend_schema(exclude=True)
class Schema(SpectacularJSONAPIView):
    authentication_classes = [TokenAuthentication, SessionAuthentication]
    permission_classes = [IsAuthenticated]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        read_query(request, {})  # the library's own parameters end up in a header, unread


class Docs(SpectacularSwaggerSplitView):
    """Swagger from our own static files; its start-up script has an address of its own: none is inline."""

    authentication_classes = [TokenAuthentication, SessionAuthentication]
    permission_classes = [IsAuthenticated]
    url_name = "api-schema"
    template_name = "api/docs.html"
