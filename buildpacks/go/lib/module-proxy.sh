#!/usr/bin/env bash
# Compilers of the Go module proxy: Go's own downloads as the module golang.org/toolchain. https://go.dev/ref/mod#goproxy-protocol
# Their checksum is the one of the checksum database, as for any module; MODULE_PROXY_PROBLEM says why the last call failed.

MODULE_PROXY_PROBLEM=""

# Sets PROXY_URL to the first place in GOPROXY that can be asked.
module_proxy::_find() {
	local place
	PROXY_URL=""
	local -a places
	IFS=',|' read -r -a places <<<"${GOPROXY:-https://proxy.golang.org}"
	for place in "${places[@]}"; do
		if [[ "${place}" =~ ^(https?|file):// ]]; then
			PROXY_URL="${place%/}"
			return 0
		fi
	done
	MODULE_PROXY_PROBLEM="GOPROXY names no place to ask"
	return 1
}

module_proxy::_machine() {
	case "$(uname -m)" in
		x86_64) echo linux-amd64 ;;
		aarch64) echo linux-arm64 ;;
		*) echo "linux-$(uname -m)" ;;
	esac
}

# One version per line. The list may lack those that nobody has asked for yet.
module_proxy::versions() {
	local kind
	module_proxy::_find || return 0
	kind="$(module_proxy::_machine)"
	if toolchain::get "${PROXY_URL}/golang.org/toolchain/@v/list" "${WORK_DIR}/go-versions"; then
		sed -n -E "s/^v0\.0\.1-go([0-9.]+((rc|beta)[0-9]+)?)\.${kind}\$/\1/p" "${WORK_DIR}/go-versions"
	fi
	if [[ "${GO_REQUEST}" =~ ^1\.[0-9]+\.[0-9]+$ ]]; then printf '%s\n' "${GO_REQUEST}"; fi
}

# $1: the version, $2: the folder that it becomes.
module_proxy::install() {
	local version module="golang.org/toolchain" archive="${WORK_DIR}/go.zip" part="$2.part" sum
	version="v0.0.1-go$1.$(module_proxy::_machine)"
	module_proxy::_find || return 1
	if ! toolchain::get "${PROXY_URL}/${module}/@v/${version}.zip" "${archive}" --max-time 300; then
		MODULE_PROXY_PROBLEM="${TOOLCHAIN_PROBLEM}"
		return 1
	fi
	rm -rf "${part}"
	mkdir -p "${part}"
	if ! module_proxy::_unpack "${archive}" "${part}"; then return 1; fi
	rm -f "${archive}"
	if ! sum="$(module_proxy::_promised "${module}@${version}")"; then return 1; fi
	if [[ -n "${sum}" && "${sum}" != "$(module_proxy::_sum "${part}")" ]]; then
		MODULE_PROXY_PROBLEM="what came isn't what was promised: the checksum is wrong"
		rm -rf "${part}"
		return 1
	fi
	# Archives of modules don't know what may be executed.
	chmod +x "${part}/${module}@${version}"/bin/* "${part}/${module}@${version}"/pkg/tool/*/*
	rm -rf "$2"
	mv "${part}/${module}@${version}" "$2"
	rm -rf "${part}"
}

module_proxy::_unpack() {
	if type -P unzip >/dev/null; then
		if unzip -q "$1" -d "$2" 2>"${WORK_DIR}/unzip.log"; then return 0; fi
	elif type -P python3 >/dev/null; then
		if python3 -I -m zipfile -e "$1" "$2" 2>"${WORK_DIR}/unzip.log"; then return 0; fi
	else
		echo "this machine has no unzip" >"${WORK_DIR}/unzip.log"
	fi
	MODULE_PROXY_PROBLEM="it couldn't be unpacked: $(tail -n 1 "${WORK_DIR}/unzip.log")"
	rm -rf "$2"
	return 1
}

# Prints the checksum (`h1:...`) of $1, or nothing where the machine's settings say that no database is to be asked.
module_proxy::_promised() {
	local database="${GOSUMDB:-sum.golang.org}" place
	if [[ "${database}" == off || "${GONOSUMDB:-}${GONOSUMCHECK:-}" == *golang.org/toolchain* ]]; then return 0; fi
	database="${database%%[+ ]*}"
	# A proxy may speak for the database, which can't always be reached itself.
	for place in "${PROXY_URL}/sumdb/${database}" "https://${database}"; do
		if toolchain::get "${place}/lookup/$1" "${WORK_DIR}/go-sum" && sed -n -E "s#^${1%@*} ${1#*@} (h1:[A-Za-z0-9+/=]+)\$#\1#p" "${WORK_DIR}/go-sum" | grep .; then
			return 0
		fi
	done
	MODULE_PROXY_PROBLEM="its checksum can't be had from ${database}"
	return 1
}

# https://pkg.go.dev/golang.org/x/mod/sumdb/dirhash#Hash1
module_proxy::_sum() {
	local hex
	hex="$(cd "$1" && find . -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum)"
	printf 'h1:%s\n' "$(printf '%b' "$(sed -E 's/(..)/\\x\1/g' <<<"${hex%% *}")" | base64)"
}
