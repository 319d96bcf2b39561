FROM python:3.11-slim-bookworm AS build
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
RUN pip install --no-cache-dir uv
WORKDIR /srv
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-dev --all-extras
COPY . .
# Collected without the service's secrets: nothing here reads a database or a key.
RUN DATA_DIR=/tmp/build .venv/bin/python manage.py collectstatic --no-input \
    && .venv/bin/python -m compileall -q -x '/\.venv/' .
# Compiled for any x86-64 or ARM processor, because nobody knows on which one the image will run.
ENV NUMBA_CPU_NAME=generic LOOPWRIGHT_COMPILE=1 LOOPWRIGHT_CACHE_DIR=/srv/compiled
RUN DATA_DIR=/tmp/build .venv/bin/python manage.py warm_scheduler

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /data --create-home loopwright
COPY --from=build /srv /srv
# Numba keeps its index beside the compiled code, so the directory must be its user's.
COPY --from=build --chown=loopwright /srv/compiled /srv/compiled
WORKDIR /srv
ENV PATH=/srv/.venv/bin:$PATH PYTHONUNBUFFERED=1 DATA_DIR=/data NUMBA_CPU_NAME=generic LOOPWRIGHT_CACHE_DIR=/srv/compiled
USER loopwright
VOLUME /data
EXPOSE 8000
# As the proxy would ask: by a name that ALLOWED_HOSTS knows, and over what counts as https.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s CMD ["python", "-c", "import os, urllib.request as web; web.urlopen(web.Request('http://127.0.0.1:8000/livez', headers={'Host': os.environ.get('ALLOWED_HOSTS', 'localhost').split(',')[0], 'X-Forwarded-Proto': 'https'}), timeout=4)"]
CMD ["granian", "--interface", "wsgi", "config.wsgi:application", "--host", "0.0.0.0", "--port", "8000", "--no-ws", "--workers", "2", "--blocking-threads", "4", "--respawn-failed-workers", "--log-level", "warning"]
