#!/usr/bin/env bash
# Source of interpreters: python-build-standalone, through `uv python install`. The uv on PATH, else the one of the
# package index. UV_PYTHON_INSTALL_MIRROR replaces the host that the interpreters come from.

STANDALONE_CONNECT_TIMEOUT_S=3

standalone::mirror() {
	echo "${UV_PYTHON_INSTALL_MIRROR:-https://github.com/astral-sh/python-build-standalone/releases/download}"
}

# Whether the host answers, asked once per build: a closed network must not cost more than the connect timeout.
standalone::reachable() {
	local mirror memory="${WORK_DIR}/standalone-problem"
	if [[ ! -f "${memory}" ]]; then
		mirror="$(standalone::mirror)"
		if [[ "${mirror}" == file://* ]]; then
			[[ -d "${mirror#file://}" ]] || echo "the folder of UV_PYTHON_INSTALL_MIRROR doesn't exist" >"${memory}"
		elif ! standalone::_answers "${mirror}"; then
			echo "their host, $(standalone::_host "${mirror}"), can't be reached" >"${memory}"
		else
			timeout $((STANDALONE_CONNECT_TIMEOUT_S + 2)) "${HELPER_PYTHON}" -I -c '
import sys, urllib.error, urllib.request
try:
    urllib.request.urlopen(urllib.request.Request(sys.argv[1], method="HEAD"), timeout=int(sys.argv[2]))
except urllib.error.HTTPError:
    pass  # Any answer means that the host is there.
except Exception:
    sys.exit(1)' "${mirror}" "${STANDALONE_CONNECT_TIMEOUT_S}" 2>/dev/null ||
				echo "their host, $(standalone::_host "${mirror}"), can't be reached" >"${memory}"
		fi
		[[ -f "${memory}" ]] || : >"${memory}"
	fi
	[[ ! -s "${memory}" ]]
}

standalone::_host() {
	local host="${1#*://}"
	host="${host%%/*}"
	host="${host##*@}"
	echo "${host%%:*}"
}

# A connection alone, which in a closed network says as much as a request, and sooner. Behind a proxy it says nothing.
standalone::_answers() {
	local host port=443
	if [[ -n "${https_proxy:-}${HTTPS_PROXY:-}${http_proxy:-}${HTTP_PROXY:-}${all_proxy:-}${ALL_PROXY:-}" ]]; then return 0; fi
	host="${1#*://}"
	host="${host%%/*}"
	host="${host##*@}"
	if [[ "$1" == http://* ]]; then port=80; fi
	if [[ "${host}" == \[* ]]; then return 0; fi
	if [[ "${host}" == *:* ]]; then port="${host##*:}"; fi
	# shellcheck disable=SC2016 # The inner shell expands its own arguments.
	timeout "${STANDALONE_CONNECT_TIMEOUT_S}" bash -c 'exec 3<>"/dev/tcp/$0/$1"' "${host%%:*}" "${port}" 2>/dev/null
}

standalone::problem() {
	cat "${WORK_DIR}/standalone-problem" 2>/dev/null || true
}

standalone::list() {
	local UV
	standalone::reachable || return 0
	if ! tool::find_uv 2>/dev/null; then
		echo "uv, which fetches them, isn't in the package index" >"${WORK_DIR}/standalone-problem"
		return 0
	fi
	env -u UV_PYTHON_DOWNLOADS UV_NO_CONFIG=1 "${UV}" python list --only-downloads --all-versions --output-format json 2>/dev/null |
		"${HELPER_PYTHON}" -I -S -c '
import json, re, sys
for found in json.load(sys.stdin):
    version = found.get("version", "")
    plain = found.get("variant") in (None, "default") and found.get("implementation") == "cpython"
    if plain and re.fullmatch(r"3\.\d+\.\d+", version):
        print(f"{version}\tstandalone\t{sys.argv[1]}/{version}")' "${CACHE_DIR}/python/standalone" 2>/dev/null || true
}

# Into PYTHON_BASE. What fails stays out of the cache.
standalone::install() {
	local UV part="${CACHE_DIR}/python/standalone.part" found
	tool::find_uv 2>/dev/null || return 1
	rm -rf "${part}"
	mkdir -p "${part}" "$(dirname "${PYTHON_BASE}")"
	env -u UV_PYTHON_DOWNLOADS UV_NO_CONFIG=1 UV_NO_PROGRESS=1 UV_PYTHON_INSTALL_DIR="${part}" UV_PYTHON_INSTALL_BIN=0 \
		UV_CACHE_DIR="${WORK_DIR}/uv" "${UV}" python install "${PYTHON_VERSION}" || return 1
	found="$(find "${part}" -mindepth 1 -maxdepth 1 -type d -name "*${PYTHON_VERSION}*" | head -n 1)"
	[[ -n "${found}" && -x "${found}/bin/python3" ]] || return 1
	rm -f "${found}"/lib/python3.*/EXTERNALLY-MANAGED
	rm -rf "${found}"/lib/python3.*/test "${found}"/lib/python3.*/site-packages/pip* "${found}/bin/pip"*
	environment::compile "${found}" "${found}/lib/python${PYTHON_VERSION%.*}" /app/.heroku/python/base || return 1
	mv "${found}" "${PYTHON_BASE}"
	rm -rf "${part}"
}
