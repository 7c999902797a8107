"""The endpoints for tokens."""

from django.contrib.auth import authenticate
from django.contrib.auth.signals import user_logged_in
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import tokens
from accounts.models import Token
from accounts.people import User
from rooms import ratelimit
from rooms.api import bodies, serializers
from rooms.api.endpoint import Endpoint, read
from rooms.api.schema import extend_schema, refusals
from rooms.wire.errors import AuthenticationRequired, PermissionDenied, RateLimited, Unavailable


class Tokens(Endpoint):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="tokens_create",
        summary="Get a token for a username and a password",
        request=serializers.of(bodies.Credentials),
        responses={201: serializers.of(bodies.NewToken)} | refusals(400, 401, 413, 415, 429, 503),
    )
    def post(self, request: Request) -> Response:
        given: bodies.Credentials = read(request, serializers.of(bodies.Credentials))
        user = authenticate(request, username=given.username, password=given.password)
        if not isinstance(user, User):
            wait = getattr(request, "try_again_in", None)  # says accounts.lockout
            if wait is not None and getattr(request, "is_busy", False):
                raise Unavailable(
                    f"Too many people are logging in: try again in {wait:.1f} s.",
                    retry_after=round(wait, 1),
                )
            if wait is not None:
                raise RateLimited(wait, "Too many failed log-in attempts")
            raise AuthenticationRequired("The username or password is wrong.")
        ratelimit.tokens.take(user.pk)
        raw = tokens.issue(user, name="HTTP API")
        user_logged_in.send(sender=type(user), request=request, user=user)
        token = Token.objects.get(digest=tokens.digest(raw))
        expires = token.expires_at.timestamp() if token.expires_at else None
        return Response(bodies.NewToken(token=raw, expires=expires), status=201)


class CurrentToken(Endpoint):
    @extend_schema(
        operation_id="tokens_current_delete",
        summary="Revoke the token of this request",
        responses={204: None} | refusals(401, 403, 503),
    )
    def delete(self, request: Request) -> Response:
        if not isinstance(request.auth, Token):
            raise PermissionDenied("This request has no token.")
        tokens.revoke(request.auth)
        return Response(status=204)
