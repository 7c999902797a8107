"""The middleware that lets machines next to the server ask for its health."""

from django.conf import settings
from django.http import HttpRequest, HttpResponsePermanentRedirect
from django.middleware import common


class CommonMiddleware(common.CommonMiddleware):
    """Django's middleware, which accepts any Host for the addresses in PROBES.

    Load balancers and monitors ask a server by its address, which is none of its names.
    """

    def process_request(self, request: HttpRequest) -> HttpResponsePermanentRedirect | None:
        if request.path_info in settings.PROBES:
            return None
        return super().process_request(request)
