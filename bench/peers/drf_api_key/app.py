"""djangorestframework-api-key behind Django: `gunicorn app:application`, run in an environment of
its own. Importing it makes the database and writes a key into the file that BENCH_KEY names."""

from __future__ import annotations

import os
from pathlib import Path

import django
from django.conf import settings

_KEY = Path(os.environ["BENCH_KEY"])

settings.configure(
    SECRET_KEY="for measuring, and for nothing else",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(_KEY.with_name("drf.db")),
            # Otherwise every request opens the file again.
            "CONN_MAX_AGE": None,
        }
    },
    INSTALLED_APPS=["rest_framework", "rest_framework_api_key"],
    MIDDLEWARE=[],
    REST_FRAMEWORK={"DEFAULT_AUTHENTICATION_CLASSES": [], "UNAUTHENTICATED_USER": None},
)
django.setup()

from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.urls import path  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402
from rest_framework_api_key.models import APIKey  # noqa: E402
from rest_framework_api_key.permissions import HasAPIKey  # noqa: E402


class Authz(APIView):
    """An empty answer for a caller with a key."""

    permission_classes = (HasAPIKey,)

    def get(self, _request: object) -> Response:
        """204."""
        return Response(status=204)


urlpatterns = [path("authz", Authz.as_view())]


def _prepare() -> None:
    if _KEY.exists():
        return
    call_command("migrate", verbosity=0)
    _, key = APIKey.objects.create_key(name="bench")
    _KEY.write_text(key)


application = get_wsgi_application()
_prepare()
