# The bot and the gateway. No practice Slack, no compiler, no root.
#
# A tag can be moved to another image; a digest cannot. Give one in production:
#   docker build --build-arg PYTHON_IMAGE=python:3.11-slim@sha256:… .
ARG PYTHON_IMAGE=python:3.11-slim
FROM ${PYTHON_IMAGE} AS made
WORKDIR /opt/apikeys
COPY lock/serve.txt lock/serve.txt
RUN python -m venv .venv \
    && .venv/bin/pip install --quiet --no-cache-dir --no-deps --require-hashes -r lock/serve.txt
COPY pyproject.toml README.md manifest.yml ./
COPY apikeys.py apikeys.py
COPY cli cli
COPY bot bot
COPY gateway gateway
COPY keys keys
COPY runtime runtime
COPY settings settings
COPY storage storage
# Editable, since the manifest stands beside the packages. setuptools was needed for this alone.
RUN .venv/bin/pip install --quiet --no-deps --no-build-isolation --editable . \
    && .venv/bin/python -m compileall -q . \
    && .venv/bin/pip uninstall --quiet --yes setuptools pip

FROM ${PYTHON_IMAGE}
RUN useradd --uid 10001 --home-dir /var/lib/apikeys --create-home apikeys
COPY --from=made /opt/apikeys /opt/apikeys
USER apikeys
WORKDIR /var/lib/apikeys
ENV APIKEYS_HOME=/var/lib/apikeys \
    APIKEYS_GATEWAY_LISTEN=0.0.0.0:8321 \
    MPLCONFIGDIR=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
VOLUME /var/lib/apikeys
EXPOSE 8321
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["/opt/apikeys/.venv/bin/python", "-c", \
    "import urllib.request as u; u.urlopen('http://127.0.0.1:8321/readyz', timeout=2)"]
ENTRYPOINT ["/opt/apikeys/.venv/bin/apikeys"]
CMD ["run"]
