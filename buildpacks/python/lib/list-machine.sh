#!/usr/bin/env bash
# Prints what a build would find on this machine, one `version<TAB>machine<TAB>path` each, for whoever examines the machine.

set -euo pipefail

BUILDPACK_DIR="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
WORK_DIR="$(mktemp -d)"
trap 'rm -rf "${WORK_DIR}"' EXIT
# An app without anything in it.
BUILD_DIR="${WORK_DIR}/build" CACHE_DIR="${WORK_DIR}/cache" ENV_DIR="${WORK_DIR}/env"
mkdir "${BUILD_DIR}" "${CACHE_DIR}" "${ENV_DIR}"

for library in output survey source-machine; do
	# shellcheck source=/dev/null
	source "${BUILDPACK_DIR}/lib/${library}.sh"
done
survey::take
machine::list
