#!/usr/bin/env bash
# Compilers of the Go module proxy: Go's own downloads as the module golang.org/toolchain. https://go.dev/ref/mod#goproxy-protocol
# Their checksum is the one of the checksum database. As with go itself, no setting leaves that check out.

MODULE_PROXY_MODULE="golang.org/toolchain"

# Sets PROXY_URL to the first place in GOPROXY that can be asked. Its login goes to curl in a file, not in a list of processes.
module_proxy::_find() {
	local place login
	local -a places
	IFS=',|' read -r -a places <<<"${GOPROXY:-https://proxy.golang.org}"
	for place in "${places[@]}"; do
		if [[ ! "${place}" =~ ^(https?|file):// ]]; then continue; fi
		PROXY_URL="${place%/}"
		: >"${WORK_DIR}/proxy-login"
		if [[ "${PROXY_URL}" =~ ^(https?://)([^/@]+)@(.*)$ ]]; then
			PROXY_URL="${BASH_REMATCH[1]}${BASH_REMATCH[3]}"
			login="${BASH_REMATCH[2]//\\/\\\\}"
			printf 'user = "%s"\n' "${login//\"/\\\"}" >"${WORK_DIR}/proxy-login"
		fi
		return 0
	done
	COMPILER_PROBLEM="GOPROXY names no place to ask"
	return 1
}

# What Go calls this machine.
compiler::machine() {
	case "$(uname -m)" in
		x86_64) echo linux-amd64 ;;
		aarch64) echo linux-arm64 ;;
		*) echo "linux-$(uname -m)" ;;
	esac
}

# The list may lack versions that nobody has asked for yet.
compiler::_registry_versions() {
	module_proxy::_find || return 1
	if toolchain::get "${PROXY_URL}/${MODULE_PROXY_MODULE}/@v/list" "${WORK_DIR}/go-versions" --config "${WORK_DIR}/proxy-login"; then
		sed -n -E "s/^v0\.0\.1-go([0-9.]+((rc|beta)[0-9]+)?)\.$(compiler::machine)\$/\1/p" "${WORK_DIR}/go-versions"
		if [[ "${GO_REQUEST}" =~ ^1\.[0-9]+\.[1-9][0-9]*$ ]]; then printf '%s\n' "${GO_REQUEST}"; fi
		return 0
	fi
	COMPILER_PROBLEM="${TOOLCHAIN_PROBLEM}"
	return 1
}

# $1: the version, $2: the folder that it becomes.
compiler::_registry_install() {
	local version module archive="${WORK_DIR}/go.zip" part="$2.part"
	version="v0.0.1-go$1.$(compiler::machine)"
	module="${MODULE_PROXY_MODULE}@${version}"
	module_proxy::_promised "${version}" || return 1
	if ! toolchain::get "${PROXY_URL}/${MODULE_PROXY_MODULE}/@v/${version}.zip" "${archive}" --max-time 600 --retry 2 --retry-delay 1 \
		--speed-limit 1024 --speed-time 30 --config "${WORK_DIR}/proxy-login"; then
		COMPILER_PROBLEM="${TOOLCHAIN_PROBLEM}"
		return 1
	fi
	rm -rf "${part}"
	mkdir -p "${part}"
	if ! module_proxy::_unpack "${archive}" "${part}" || ! module_proxy::_check "${part}"; then
		rm -rf "${part}" "${archive}"
		return 1
	fi
	# Archives of modules don't know what may be executed.
	chmod +x "${part}/${module}"/bin/* "${part}/${module}"/pkg/tool/*/*
	rm -rf "$2" "${archive}"
	mv "${part}/${module}" "$2"
	rm -rf "${part}"
}

module_proxy::_unpack() {
	local log="${WORK_DIR}/unzip.log"
	if type -P unzip >/dev/null; then
		if unzip -q -o "$1" -d "$2" >"${log}" 2>&1 </dev/null; then return 0; fi
	elif type -P python3 >/dev/null; then
		if python3 -I -m zipfile -e "$1" "$2" >"${log}" 2>&1; then return 0; fi
	else
		echo "this machine has no unzip" >"${log}"
	fi
	COMPILER_PROBLEM="it couldn't be unpacked: $(tail -n 1 "${log}")"
	return 1
}

# Sets PROXY_SUM to the checksum (`h1:...`) of the version $1 of the module. The database itself is asked first: what a proxy says
# of its own files is worth less. But it may speak for a database that builds can't reach.
module_proxy::_promised() {
	local database place file="${WORK_DIR}/go-sum"
	local -a login
	read -r database place <<<"${GOSUMDB:-sum.golang.org}"
	database="${database%%+*}"
	if [[ "${database}" == off ]]; then
		COMPILER_PROBLEM="GOSUMDB is off, so that nothing vouches for what it sends"
		return 1
	fi
	for place in "${place:-https://${database}}" "${PROXY_URL}/sumdb/${database}"; do
		login=()
		if [[ "${place}" == "${PROXY_URL}/"* ]]; then login=(--config "${WORK_DIR}/proxy-login"); fi
		if ! toolchain::get "${place}/lookup/${MODULE_PROXY_MODULE}@$1" "${file}" "${login[@]}"; then continue; fi
		PROXY_SUM="$(sed -n -E "s#^${MODULE_PROXY_MODULE} $1 (h1:[A-Za-z0-9+/=]+)\$#\1#p" "${file}")"
		if [[ -n "${PROXY_SUM}" ]]; then return 0; fi
	done
	COMPILER_PROBLEM="its checksum can't be had from ${database}${TOOLCHAIN_PROBLEM:+: ${TOOLCHAIN_PROBLEM}}"
	return 1
}

# https://pkg.go.dev/golang.org/x/mod/sumdb/dirhash#Hash1: over the sums and names of all files. It doesn't see links.
module_proxy::_check() {
	local hex
	hex="$(cd "$1" && find . -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum)"
	if [[ "h1:$(printf '%b' "$(sed -E 's/(..)/\\x\1/g' <<<"${hex%% *}")" | base64)" == "${PROXY_SUM}" &&
		-z "$(find "$1" ! -type f ! -type d -print -quit)" ]]; then
		return 0
	fi
	COMPILER_PROBLEM="what came isn't what was promised: the checksum is wrong"
	return 1
}
