# The image of the toolkit, an MCP server. From the repository's root:
#   docker build --file deploy/images/toolkit.Dockerfile --tag footfall/toolkit .
ARG PYTHON=3.13-slim-bookworm

FROM python:${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 SOURCE_DATE_EPOCH=1767225600
# Everything that is fetched has its hash in the repository.
COPY deploy/images/build.txt deploy/images/toolkit.txt /src/pins/
RUN python -m venv /opt/build \
    && /opt/build/bin/pip install --quiet --require-hashes --requirement /src/pins/build.txt \
    && python -m venv /opt/footfall \
    && /opt/footfall/bin/pip install --quiet --require-hashes --requirement /src/pins/toolkit.txt
COPY LICENSE /src/
COPY client /src/client/
COPY examples/toolkit /src/toolkit/
RUN /opt/build/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /src/wheels /src/client /src/toolkit \
    && /opt/footfall/bin/pip install --quiet --no-deps --no-index --find-links /src/wheels footfall footfall-toolkit \
    && /opt/footfall/bin/pip check \
    && /opt/footfall/bin/pip uninstall --quiet --yes pip setuptools \
    && /opt/footfall/bin/python -m compileall -q /opt/footfall/lib
# What is inside, in CycloneDX, for scanners and for people.
RUN /opt/build/bin/cyclonedx-py environment --output-reproducible --short-PURLs --spec-version 1.5 \
    --pyproject /src/toolkit/pyproject.toml --output-file /opt/footfall/sbom.cdx.json /opt/footfall/bin/python

FROM python:${PYTHON}
RUN install --directory --owner=65532 --group=65532 --mode=0700 /var/lib/footfall
COPY --from=build /opt/footfall /opt/footfall
ENV PATH=/opt/footfall/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    DOT_AI_TELEMETRY_STATE_DIR=/var/lib/footfall
# A number, so that Kubernetes can tell that it is not root.
USER 65532:65532
VOLUME /var/lib/footfall
EXPOSE 8766
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8766/healthz', timeout=4)"]
CMD ["footfall-toolkit", "--transport", "streamable-http", "--host", "0.0.0.0", "--port", "8766"]
