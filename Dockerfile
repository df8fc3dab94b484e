# The product in one image: web, workers, beat and commands differ only in what they are started with (compose.yaml).
# PostgreSQL and Redis are not in it, and the demo agency is only with `docker build --build-arg DEMO=yes`.
ARG DEMO=no

FROM python:3.11.14-slim-bookworm AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
COPY requirements/production.txt /tmp/production.txt
RUN /opt/venv/bin/pip install --require-hashes -r /tmp/production.txt

FROM python:3.11.14-slim-bookworm AS product-no

RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin throughline
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 VAR_DIR=/app/var BIND=0.0.0.0:8000
WORKDIR /app
COPY --from=build /opt/venv /opt/venv
COPY manage.py ./
COPY config config
COPY integrations integrations
COPY delivery delivery
COPY routing routing
COPY locale locale

FROM product-no AS product-yes
COPY demo demo

FROM product-${DEMO}

# Settings want to be complete even here; none of these values is kept in the image or used by anything that runs.
RUN mkdir -p var/files var/mail var/seals \
    && SITE_URL=http://localhost DATABASE_URL=postgresql://none@localhost/none REDIS_URL=redis://localhost/0 \
       SECRET_KEY=only-to-collect-static-files-only-to-collect ERASURE_KEY=only-to-collect-static-files-only-to-collect \
       ENCRYPTION_KEYS=MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA= \
       python manage.py collectstatic --noinput \
    && chown -R throughline: var/files var/mail var/seals

USER throughline
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=4 \
    CMD ["python", "-c", "import urllib.request as web; web.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["gunicorn", "-c", "python:config.web.gunicorn", "config.wsgi"]
