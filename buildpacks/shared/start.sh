#!/usr/bin/env bash
# The beginning of every bin/compile: `source ../shared/start.sh NAME TITLE BUILD_DIR CACHE_DIR ENV_DIR`. NAME is the folder in
# CACHE_DIR that is this buildpack's own, TITLE what people call it.
# Sets BUILDPACK_NAME, BUILDPACK_TITLE, BUILD_DIR, CACHE_DIR, OWN_CACHE, ENV_DIR and WORK_DIR (removed at the end).

if [[ "${BASH_VERSINFO[0]}" -lt 5 ]]; then
	echo " !     Error: bin/compile needs bash 5 or newer." >&2
	exit 1
fi

# A repository of whoever runs the build is none of the app's business.
unset GIT_DIR CDPATH
BUILDPACK_NAME="$1" BUILDPACK_TITLE="$2"
SHARED_DIR="${BASH_SOURCE[0]%/*}"
BUILD_DIR="$(cd "${3:?usage: bin/compile BUILD_DIR CACHE_DIR ENV_DIR}" && pwd)"
OWN_CACHE="${4:?usage: bin/compile BUILD_DIR CACHE_DIR ENV_DIR}/${BUILDPACK_NAME}"
if [[ ! -d "${OWN_CACHE}" ]]; then mkdir -p "${OWN_CACHE}"; fi
CACHE_DIR="$(cd "$4" && pwd)"
OWN_CACHE="${CACHE_DIR}/${BUILDPACK_NAME}"
ENV_DIR="${5:-}"
WORK_DIR="${TMPDIR:-/tmp}/${BUILDPACK_NAME}-build.${SRANDOM:-${RANDOM}${RANDOM}}${RANDOM}"
mkdir -m 700 "${WORK_DIR}"
trap 'rm -rf "${WORK_DIR}"' EXIT

source "${SHARED_DIR}/output.sh"
source "${SHARED_DIR}/report.sh"
source "${SHARED_DIR}/config-vars.sh"
source "${SHARED_DIR}/toolchain.sh"

set -E
trap 'output::internal_error "${BASH_SOURCE[0]##*/}:${LINENO}"' ERR
report::start
STARTED_US="${EPOCHREALTIME/[.,]/}"
