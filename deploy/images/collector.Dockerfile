# The image of the collector and its dashboard. From the repository's root:
#   docker build --file deploy/images/collector.Dockerfile --tag footfall/collector .
ARG PYTHON=3.13-slim-bookworm

FROM python:${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 SOURCE_DATE_EPOCH=1767225600
# Everything that is fetched has its hash in the repository.
COPY deploy/images/build.txt deploy/images/collector.txt /src/pins/
RUN python -m venv /opt/build \
    && /opt/build/bin/pip install --quiet --require-hashes --requirement /src/pins/build.txt \
    && python -m venv /opt/footfall \
    && /opt/footfall/bin/pip install --quiet --require-hashes --requirement /src/pins/collector.txt
COPY LICENSE /src/
COPY client /src/client/
COPY collector /src/collector/
RUN /opt/build/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /src/wheels /src/client /src/collector \
    && /opt/footfall/bin/pip install --quiet --no-deps --no-index --find-links /src/wheels footfall footfall-collector \
    && /opt/footfall/bin/pip check \
    && /opt/footfall/bin/pip uninstall --quiet --yes pip setuptools \
    && /opt/footfall/bin/python -m compileall -q /opt/footfall/lib
# What is inside, in CycloneDX, for scanners and for people.
RUN /opt/build/bin/cyclonedx-py environment --output-reproducible --short-PURLs --spec-version 1.5 \
    --pyproject /src/collector/pyproject.toml --output-file /opt/footfall/sbom.cdx.json /opt/footfall/bin/python

FROM python:${PYTHON}
RUN install --directory --owner=65532 --group=65532 --mode=0700 /var/lib/footfall
COPY --from=build /opt/footfall /opt/footfall
ENV PATH=/opt/footfall/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    FOOTFALL_DATA=/var/lib/footfall \
    FOOTFALL_HOST=0.0.0.0
# A number, so that Kubernetes can tell that it is not root.
USER 65532:65532
VOLUME /var/lib/footfall
EXPOSE 8765
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8765/readyz', timeout=4)"]
CMD ["footfall-collector", "serve"]
