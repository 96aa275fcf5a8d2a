FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv /srv/venv
WORKDIR /srv/dateline
# `otel` has what sends traces in addition.
ARG REQUIREMENTS=runtime
COPY requirements/${REQUIREMENTS}.txt requirements/build.txt requirements/
RUN /srv/venv/bin/python -m pip install --require-hashes \
        -r requirements/${REQUIREMENTS}.txt -r requirements/build.txt
COPY pyproject.toml LICENSE alembic.ini ./
COPY app app
COPY migrations migrations
COPY samples samples
# Dateline runs from its folder, as in a checkout; what has installed it stays behind.
RUN /srv/venv/bin/python -m pip install --no-deps --no-build-isolation --editable . \
    && /srv/venv/bin/python -m compileall -q app migrations \
    && /srv/venv/bin/python -m pip uninstall --yes setuptools pip \
    && rm -rf requirements

FROM python:3.13-slim
RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin dateline \
    && install --directory --owner=dateline --group=dateline /data
COPY --from=build /srv /srv
ENV PATH=/srv/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DATELINE_DATABASE_URL=sqlite:////data/dateline.db \
    DATELINE_HOST=0.0.0.0 \
    DATELINE_PORT=8000
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD [ \
    "python", "-c", \
    "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ['DATELINE_PORT']}/healthz\", timeout=4)"]
ENTRYPOINT ["dateline"]
CMD ["serve"]
