# shellcheck shell=bash
# The app's Deno and its modules. Deno.serve() listens where DENO_SERVE_ADDRESS says, unless the app says it.
export PATH="${HOME}/.heroku/deno/bin:${PATH}" DENO_DIR="${DENO_DIR:-${HOME}/.heroku/deno-dir}" DENO_NO_UPDATE_CHECK=1
if [[ -n "${PORT:-}" ]]; then export DENO_SERVE_ADDRESS="${DENO_SERVE_ADDRESS:-tcp:0.0.0.0:${PORT}}"; fi
