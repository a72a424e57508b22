# syntax=docker/dockerfile:1
# The image of the service and of its worker: docs/operations.md says how to build and run it.
ARG PYTHON=3.11-slim-bookworm

FROM python:${PYTHON} AS build
# The CPU build of torch; on Linux, the one from PyPI brings several GB of CUDA libraries.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app
COPY requirements.txt ./
RUN python -m venv .venv \
    && .venv/bin/pip install --no-deps --index-url "$TORCH_INDEX" "$(grep '^torch==' requirements.txt)" \
    && .venv/bin/pip install -r requirements.txt \
    && rm -r .venv/lib/python*/site-packages/torch/include .venv/lib/python*/site-packages/torch/test
COPY app.py worker.py config.py db.py embeddings.py messages.py metrics.py request_ids.py texts.py turns.py ./
COPY schema.sql LICENSE LICENSES.md NOTICE ./
COPY cli cli
COPY embedders embedders
COPY files files
COPY migrations migrations
COPY postgres postgres
COPY samples samples
COPY services services
COPY store store
COPY translations translations
COPY web web
# Nobody can write here later, so Python could not keep what it compiles. The user of the image reads
# all of it, also where only its owner may read the checkout (umask 077).
RUN .venv/bin/python -m compileall -q -x '/\.venv/' . \
    && MODEL_DIR=/app/models .venv/bin/python -m embedders \
    && chmod -R a+rX .

FROM python:${PYTHON}
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="Conector PGVector" \
    org.opencontainers.image.description="Finds the stored questions and answers that mean the same as a new question." \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.licenses="MIT"
# tini is the first process: it passes signals on, and reaps what the embedded PostgreSQL leaves when
# that dies. Otherwise it could not be started again. Debian keeps one version of it for each release.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends tini \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data conector \
    && install -d -m 0700 -o conector -g conector /data
COPY --from=build /app /app
# Whatever is written goes to /data, the temporary files of uploads too; all else may be read-only.
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HOME=/data \
    TMPDIR=/data \
    DATA_DIR=/data \
    MODEL_DIR=/app/models \
    HOST=0.0.0.0 \
    PORT=5000
WORKDIR /app
USER 10001:10001
VOLUME /data
EXPOSE 5000
# Without HTTP_PROXY, which Docker hands to containers where the host has one.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.build_opener(u.ProxyHandler({})).open(f'http://127.0.0.1:{os.environ[\"PORT\"]}/readyz', timeout=4)"]
ENTRYPOINT ["tini", "--"]
CMD ["python", "app.py"]
