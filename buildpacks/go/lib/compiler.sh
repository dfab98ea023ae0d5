#!/usr/bin/env bash
# Finds a Go that fits: the one of the last build, the module proxy's, the distribution's packages, the machine's. When none of
# them has the version, the newest later one does: it compiles older programs as well.
# Sets GO_ROOT and GO_VERSION.

COMPILER_HOME="${OWN_CACHE}/compiler"
# For this long `1.N` means what it meant at an earlier build.
COMPILER_KEPT_S=$((7 * 24 * 3600))

compiler::obtain() {
	local version source best="" best_source=""
	if compiler::_cached; then
		output::step "Using Go ${GO_VERSION} of the last build"
		report::set go_version "${GO_VERSION}"
		return 0
	fi
	COMPILER_TRIED=() COMPILER_OFFERS=()
	for source in ${GO_BUILDPACK_SOURCES:-upstream distribution machine}; do
		if [[ "${source}" == distribution ]] && ! debian::refresh; then
			COMPILER_TRIED+=("packages of the distribution: ${DEBIAN_PROBLEM}")
			continue
		fi
		while IFS= read -r version; do
			COMPILER_OFFERS+=("${version} ${source}")
		done < <("compiler::_${source}_versions" | sort -V -r)
		for version in "${COMPILER_OFFERS[@]}"; do
			if [[ "${version#* }" == "${source}" ]] && version::fits "${version% *}" && compiler::_take "${version% *}" "${source}"; then return 0; fi
		done
	done
	for version in "${COMPILER_OFFERS[@]}"; do
		if version::is_later "${version% *}" && [[ "${version% *}" =~ ^1\.[0-9]+(\.[0-9]+)?$ ]]; then
			if [[ -z "${best}" || "$(printf '%s\n' "${best}" "${version% *}" | sort -V | tail -n 1)" != "${best}" ]]; then best="${version% *}" best_source="${version#* }"; fi
		fi
	done
	if [[ -n "${best}" ]] && compiler::_take "${best}" "${best_source}"; then
		output::detail "${GO_ORIGIN} asks for ${GO_REQUEST}, which can't be had here; Go ${best} compiles what was written for it."
		return 0
	fi
	compiler::_none
}

compiler::_cached() {
	if [[ ! -x "${COMPILER_HOME}/bin/go" || ! -f "${COMPILER_HOME}.request" || "$(<"${COMPILER_HOME}.request")" != "${GO_REQUEST}" ]]; then return 1; fi
	if [[ -n "$(find "${COMPILER_HOME}.request" -mmin +$((COMPILER_KEPT_S / 60)))" && ! "${GO_REQUEST}" =~ ^1\.[0-9]+\.[0-9]+$ ]]; then return 1; fi
	compiler::_use "${COMPILER_HOME}"
}

compiler::_use() {
	local -a words
	GO_ROOT="$1"
	read -r -a words < <(GOROOT="$1" GOTOOLCHAIN=local "$1/bin/go" version 2>/dev/null || true)
	GO_VERSION="${words[2]:-}"
	GO_VERSION="${GO_VERSION#go}"
	[[ -n "${GO_VERSION}" ]]
}

# $1: the version, $2: where it is.
compiler::_take() {
	if ! "compiler::_$2_install" "$1"; then return 1; fi
	if [[ "$2" != machine ]]; then printf '%s\n' "${GO_REQUEST}" >"${COMPILER_HOME}.request"; fi
	if ! compiler::_use "${GO_ROOT}"; then
		COMPILER_TRIED+=("Go $1 ($2): it doesn't run here")
		rm -rf "${COMPILER_HOME}"
		return 1
	fi
	report::set go_version "${GO_VERSION}"
	report::set go_source "$2"
}

compiler::_upstream_versions() {
	module_proxy::versions
}

compiler::_upstream_install() {
	output::step "Installing Go $1 (of the Go module proxy)"
	GO_ROOT="${COMPILER_HOME}"
	if module_proxy::install "$1" "${COMPILER_HOME}"; then return 0; fi
	output::detail "It couldn't be had: ${MODULE_PROXY_PROBLEM}"
	COMPILER_TRIED+=("the Go module proxy: ${MODULE_PROXY_PROBLEM}")
	return 1
}

# Debian's backports have newer ones beside golang-go.
compiler::_distribution_versions() {
	local package version
	for package in golang-go golang-1.{19..30}-go; do
		version="$(debian::version "${package}")"
		if [[ "${version}" =~ ^(1\.[0-9]+(\.[0-9]+)?) ]]; then printf '%s\n' "${BASH_REMATCH[1]}"; fi
	done
}

compiler::_distribution_install() {
	local series tree="${COMPILER_HOME}.tree" name
	[[ "$1" =~ ^1\.[0-9]+ ]]
	series="${BASH_REMATCH[0]}"
	output::step "Installing Go $1 (of the distribution)"
	if ! debian::unpack "${tree}" "golang-${series}-go" "golang-${series}-src"; then
		COMPILER_TRIED+=("packages of the distribution: ${DEBIAN_PROBLEM}")
		return 1
	fi
	rm -rf "${COMPILER_HOME}"
	# What is in /usr/share is only linked from /usr/lib.
	mv "${tree}/usr/lib/go-${series}" "${COMPILER_HOME}"
	for name in api lib misc src test pkg/include; do
		if [[ -d "${tree}/usr/share/go-${series}/${name}" ]]; then
			rm -rf "${COMPILER_HOME:?}/${name}"
			mv "${tree}/usr/share/go-${series}/${name}" "${COMPILER_HOME}/${name}"
		fi
	done
	rm -rf "${tree}"
	GO_ROOT="${COMPILER_HOME}"
}

compiler::_machine_versions() {
	local root
	for root in /usr/local/go /usr/lib/go /opt/go; do
		if [[ -x "${root}/bin/go" ]] && compiler::_use "${root}"; then printf '%s\n' "${GO_VERSION}"; fi
	done
}

compiler::_machine_install() {
	local root
	for root in /usr/local/go /usr/lib/go /opt/go; do
		if [[ -x "${root}/bin/go" ]] && compiler::_use "${root}" && [[ "${GO_VERSION}" == "$1" ]]; then
			output::step "Using Go $1 (of this machine)"
			return 0
		fi
	done
	return 1
}

compiler::_none() {
	local -a lines=("Error: Go ${GO_REQUEST:-} can't be had on this machine." "")
	if [[ -n "${GO_ORIGIN}" ]]; then lines+=("${GO_ORIGIN} asks for it." ""); fi
	if [[ "${#COMPILER_TRIED[@]}" -gt 0 ]]; then lines+=("What was tried:" "" "${COMPILER_TRIED[@]/#/    }" ""); fi
	if [[ "${#COMPILER_OFFERS[@]}" -gt 0 ]]; then
		lines+=("The newest that can be had: ${COMPILER_OFFERS[0]% *}")
	else
		lines+=("The operator of this platform can name a module proxy (GOPROXY) that has" "golang.org/toolchain, or install Go on the machine.")
	fi
	printf '%s\n' "${lines[@]}" >"${WORK_DIR}/none"
	output::fail "compiler::not-available" <"${WORK_DIR}/none"
}
