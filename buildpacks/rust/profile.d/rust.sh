# shellcheck shell=bash
# Rocket listens where its own variables say (https://rocket.rs/guide/configuration), and on port 8000 of the machine alone without them.
export ROCKET_ADDRESS="${ROCKET_ADDRESS:-0.0.0.0}"
if [ -n "${PORT:-}" ]; then export ROCKET_PORT="${ROCKET_PORT:-${PORT}}"; fi
