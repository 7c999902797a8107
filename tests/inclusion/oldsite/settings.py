"""The settings of the site, which are those of the example but for what a site may have already."""

from pathlib import Path

from coursesite.settings import *  # type: ignore[import-not-found]  # noqa: F403
from coursesite.settings import INSTALLED_APPS, MIDDLEWARE, TEMPLATES
from csp.constants import NONCE, NONE, SELF, STRICT_DYNAMIC

INSTALLED_APPS = [*INSTALLED_APPS, "csp"]
MIDDLEWARE = [*MIDDLEWARE, "csp.middleware.CSPMiddleware"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
ROOT_URLCONF = "tests.inclusion.oldsite.urls"
ASGI_APPLICATION = "tests.inclusion.oldsite.asgi.application"
TEMPLATES[0]["DIRS"] = [Path(__file__).parent / "templates"]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [NONCE, STRICT_DYNAMIC],
        "style-src": [NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
    }
}
