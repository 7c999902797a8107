"""Authentication of requests, by a bearer token or by the session of the pages."""

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.request import Request

from accounts import tokens, wrong_tokens
from accounts.addresses import client_address
from accounts.models import Token
from accounts.people import User
from rooms.wire.errors import InvalidToken, RateLimited


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`.

    A wrong token is refused, even if the request also has a session. An address that sends too
    many wrong tokens has to wait, but a right token never waits.
    """

    scheme = "Bearer"

    def authenticate(self, request: Request) -> tuple[User, Token] | None:
        scheme, _, credentials = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        token = tokens.verify(credentials.strip().decode("latin-1"))
        if token is None:
            wait = wrong_tokens.count(client_address(request))
            if wait:
                raise RateLimited(wait)
            raise InvalidToken
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return self.scheme


class BearerScheme(OpenApiAuthenticationExtension):
    """The description of bearer tokens in the OpenAPI document."""

    target_class = BearerAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A token from `POST /api/tokens/` or `manage.py issue_token`.",
        }
