# syntax=docker/dockerfile:1
# Two stages: the first has pip and builds the wheel, the second has neither pip's cache nor a compiler.
FROM python:3.13-slim AS build
WORKDIR /src
RUN python -m venv --without-pip /opt/shipper && pip install --no-cache-dir "hatchling>=1.27"
COPY requirements-run.lock ./
RUN pip --python /opt/shipper/bin/python install --no-cache-dir --require-hashes --only-binary :all: -r requirements-run.lock
COPY pyproject.toml README.md LICENSE ./
COPY config config
COPY dashboards dashboards
COPY mappings mappings
COPY tests/samples tests/samples
COPY shipper shipper
RUN python -m hatchling build -t wheel -d /wheel \
    && pip --python /opt/shipper/bin/python install --no-cache-dir --no-deps /wheel/*.whl \
    && python -m compileall -q /opt/shipper/lib

FROM python:3.13-slim
LABEL org.opencontainers.image.title="s3-siem-shipper" \
      org.opencontainers.image.description="Ships AWS security logs from S3 to OpenSearch as ECS documents" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/shipper /opt/shipper
# Bytecode was written above: at run time nothing is written, so the root file system may be read-only.
ENV PATH=/opt/shipper/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SHIPPER_METRICS_LISTEN=0.0.0.0:9090
USER 10001:10001
EXPOSE 9090
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9090/healthz', timeout=4)"]
ENTRYPOINT ["shipper"]
CMD ["run"]
