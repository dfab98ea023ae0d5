#!/usr/bin/env bash
# Fetches what a language needs (interpreters, compilers, package managers), checks it, and keeps it in the buildpack's cache.
# Nothing is used before its checksum is right, and nothing is in its place before it's whole.
#
#     toolchain::get URL FILE [curl options]        a small document; returns curl's status
#     toolchain::install URL CHECKSUM FOLDER [tar options]
#
# CHECKSUM is `sha256:<hex>` or a registry's `sha512-<base64>`. TOOLCHAIN_PROBLEM says in words why the last call failed.

TOOLCHAIN_CONNECT_TIMEOUT_S=3
TOOLCHAIN_MAX_BYTES=$((1024 * 1024 * 1024))
TOOLCHAIN_PROBLEM=""

toolchain::get() {
	local url="$1" file="$2" status=0
	shift 2
	TOOLCHAIN_PROBLEM=""
	if ! type -P curl >/dev/null; then
		TOOLCHAIN_PROBLEM="this machine has no curl to download with"
		return 2
	fi
	toolchain::_curl --max-time 60 --output "${file}" "$@" "${url}" || status=$?
	if [[ "${status}" -ne 0 ]]; then
		rm -f "${file}"
		TOOLCHAIN_PROBLEM="$(toolchain::_explain "${status}" "${url}")"
	fi
	return "${status}"
}

# Redirects lead to the mirrors of a host, and never from https to anything else.
toolchain::_curl() {
	local -a tls=()
	# The CA of a company's network is told to Node more often than to curl.
	if [[ -z "${CURL_CA_BUNDLE:-}${SSL_CERT_FILE:-}" && -r "${NODE_EXTRA_CA_CERTS:-}" ]]; then
		cat /etc/ssl/certs/ca-certificates.crt "${NODE_EXTRA_CA_CERTS}" >"${WORK_DIR}/authorities.pem" 2>/dev/null || true
		tls=(--cacert "${WORK_DIR}/authorities.pem")
	fi
	curl --silent --fail --location --max-redirs 5 --proto '=https,http,file' --proto-redir '=https,http' \
		--connect-timeout "${TOOLCHAIN_CONNECT_TIMEOUT_S}" --max-filesize "${TOOLCHAIN_MAX_BYTES}" "${tls[@]}" "$@" 2>/dev/null
}

toolchain::_explain() {
	local host="${2#*://}"
	host="${host%%/*}"
	host="${host##*@}"
	case "$1" in
		6) echo "the name of ${host} can't be resolved" ;;
		7 | 28) echo "${host} doesn't answer" ;;
		22) echo "${host} refused it or doesn't have it" ;;
		35 | 51 | 58 | 60 | 77) echo "the certificate of ${host} isn't trusted" ;;
		37) echo "the folder ${2#file://} doesn't have it" ;;
		*) echo "it couldn't be read from ${host} (curl ended with status $1)" ;;
	esac
}

# $3 is what the archive's first folder becomes. A second build of the same app never runs beside this one.
toolchain::install() {
	local url="$1" checksum="$2" folder="$3" archive="${WORK_DIR}/archive" part="$3.part" status=0
	shift 3
	TOOLCHAIN_PROBLEM=""
	mkdir -p "${folder%/*}"
	local -a retry=(--retry 2 --retry-delay 1 --speed-limit 1024 --speed-time 30)
	if [[ -s "${WORK_DIR}/curl-login" && "${url}" == "${REGISTRY_URL:-none}"* ]]; then retry+=(--config "${WORK_DIR}/curl-login"); fi
	if ! type -P curl >/dev/null; then
		TOOLCHAIN_PROBLEM="this machine has no curl to download with"
		return 1
	fi
	toolchain::_curl "${retry[@]}" --output "${archive}" "${url}" || status=$?
	if [[ "${status}" -ne 0 ]]; then
		TOOLCHAIN_PROBLEM="$(toolchain::_explain "${status}" "${url}")"
		rm -f "${archive}"
		return 1
	fi
	if ! toolchain::_matches "${archive}" "${checksum}"; then
		TOOLCHAIN_PROBLEM="what came isn't what was promised: the checksum is wrong"
		rm -f "${archive}"
		return 1
	fi
	rm -rf "${part}"
	mkdir -p "${part}"
	if ! tar -x -z -f "${archive}" -C "${part}" --strip-components=1 --no-same-owner --no-same-permissions "$@" 2>"${WORK_DIR}/tar.log"; then
		TOOLCHAIN_PROBLEM="it couldn't be unpacked: $(head -n 1 "${WORK_DIR}/tar.log")"
		rm -rf "${part}" "${archive}"
		return 1
	fi
	rm -rf "${archive}" "${folder}"
	mv "${part}" "${folder}"
}

toolchain::_matches() {
	local found
	case "$2" in
		sha256:*)
			found="$(sha256sum <"$1")"
			[[ "${#2}" -eq 71 && "${found%% *}" == "${2#sha256:}" ]]
			;;
		sha512-*)
			found="$(sha512sum <"$1")"
			[[ "${found%% *}" == "$(base64 -d <<<"${2#sha512-}" 2>/dev/null | od -An -v -tx1 | tr -d ' \n')" ]]
			;;
		*) return 1 ;;
	esac
}
