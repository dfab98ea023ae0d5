#!/usr/bin/env bash
# Finds a Go that fits: the one of the last build, go.dev's, the module proxy's, the distribution's packages, the machine's. When
# none of them has the version, the newest later one does: it compiles older programs as well.
# Sets GO_ROOT and GO_VERSION. A source `x` has compiler::_x_versions, which prints what it has, and compiler::_x_install; both
# say in COMPILER_PROBLEM why they failed.

COMPILER_HOME="${OWN_CACHE}/compiler"
# For this long `1.N` means what it meant at an earlier build.
COMPILER_KEPT_MIN=$((7 * 24 * 60))
COMPILER_SOURCES="${GO_BUILDPACK_SOURCES:-upstream registry distribution machine}"

compiler::obtain() {
	local source
	COMPILER_TRIED=() COMPILER_OFFERS=()
	if compiler::_cached; then return 0; fi
	for source in ${COMPILER_SOURCES}; do
		if compiler::_try "${source}"; then return 0; fi
	done
	# It may not be the newest any more, but that's no reason to build nothing.
	if compiler::_kept || compiler::_later; then return 0; fi
	compiler::_none
}

# Takes a Go of the series $1 instead, and at later builds, too.
compiler::raise() {
	local asked="${GO_REQUEST}"
	GO_REQUEST="$1"
	compiler::obtain
	GO_REQUEST="${asked}"
	if [[ "${GO_ROOT}" == "${COMPILER_HOME}" ]]; then printf '%s\n' "${asked} raised" >"${COMPILER_HOME}.request"; fi
}

compiler::_cached() {
	if [[ ! -f "${COMPILER_HOME}.request" ]]; then return 1; fi
	if [[ -n "$(find "${COMPILER_HOME}.request" -mmin +"${COMPILER_KEPT_MIN}")" && ! "${GO_REQUEST}" =~ ^1\.[0-9]+\.[0-9]+$ ]]; then return 1; fi
	compiler::_kept
}

# The one of the last build, however old.
compiler::_kept() {
	local request
	if [[ ! -x "${COMPILER_HOME}/bin/go" || ! -f "${COMPILER_HOME}.request" ]]; then return 1; fi
	request="$(<"${COMPILER_HOME}.request")"
	# What compiler::raise has put there is an answer to go.mod, but not to somebody who asks for a version.
	if [[ "${GO_ORIGIN}" == go.* ]]; then request="${request% raised}"; fi
	if [[ "${request}" != "${GO_REQUEST}" ]]; then return 1; fi
	compiler::_use "${COMPILER_HOME}" || return 1
	output::step "Using Go ${GO_VERSION} of the last build"
	report::set go_version "${GO_VERSION}"
	report::set go_source cache
}

# Takes the newest version of a source that fits.
compiler::_try() {
	local source="$1" version
	COMPILER_PROBLEM=""
	if ! "compiler::_${source}_versions" >"${WORK_DIR}/versions" || [[ ! -s "${WORK_DIR}/versions" ]]; then
		COMPILER_TRIED+=("$(compiler::_title "${source}"): ${COMPILER_PROBLEM:-there is none}")
		return 1
	fi
	while IFS= read -r version; do
		COMPILER_OFFERS+=("${version} ${source}")
	done < <(sort -V -r "${WORK_DIR}/versions" | uniq)
	for version in "${COMPILER_OFFERS[@]}"; do
		if [[ "${version#* }" != "${source}" ]] || ! version::fits "${version% *}"; then continue; fi
		if [[ "${source}" != machine && -x "${COMPILER_HOME}/bin/go" ]] && compiler::_use "${COMPILER_HOME}" && [[ "${GO_VERSION}" == "${version% *}" ]]; then
			# Still the newest: good for another while.
			printf '%s\n' "${GO_REQUEST}" >"${COMPILER_HOME}.request"
			if compiler::_kept; then return 0; fi
		fi
		if compiler::_take "${version% *}" "${source}"; then return 0; fi
		# An older patch of the same source would be no better.
		return 1
	done
	COMPILER_TRIED+=("$(compiler::_title "${source}"): no version that fits")
	return 1
}

compiler::_later() {
	local version best="" best_source=""
	for version in "${COMPILER_OFFERS[@]}"; do
		if ! version::is_later "${version% *}"; then continue; fi
		if [[ -z "${best}" || "$(printf '%s\n' "${best}" "${version% *}" | sort -V | tail -n 1)" != "${best}" ]]; then best="${version% *}" best_source="${version#* }"; fi
	done
	if [[ -z "${best}" ]] || ! compiler::_take "${best}" "${best_source}"; then return 1; fi
	output::detail "${GO_ORIGIN} asks for ${GO_REQUEST}, which can't be had here; Go ${best} compiles what was written for it."
}

compiler::_title() {
	case "$1" in
		upstream) echo "releases of go.dev" ;;
		registry) echo "the Go module proxy" ;;
		distribution) echo "packages of the distribution" ;;
		*) echo "the machine" ;;
	esac
}

compiler::_use() {
	local -a words
	GO_ROOT="$1"
	read -r -a words < <(GOROOT="$1" GOTOOLCHAIN=local GOENV=off "$1/bin/go" version 2>/dev/null || true)
	GO_VERSION="${words[2]:-}"
	GO_VERSION="${GO_VERSION#go}"
	[[ -n "${GO_VERSION}" ]]
}

# $1: the version, $2: where it is.
compiler::_take() {
	local title
	title="$(compiler::_title "$2")"
	COMPILER_PROBLEM=""
	if [[ "$2" == machine ]]; then
		output::step "Using Go $1 (of this machine)"
	else
		output::step "Installing Go $1 (${title})"
		GO_ROOT="${COMPILER_HOME}"
	fi
	if ! "compiler::_$2_install" "$1" "${COMPILER_HOME}"; then
		output::detail "It couldn't be had: ${COMPILER_PROBLEM}"
		COMPILER_TRIED+=("${title}: Go $1: ${COMPILER_PROBLEM}")
		return 1
	fi
	if ! compiler::_use "${GO_ROOT}"; then
		COMPILER_TRIED+=("${title}: Go $1 doesn't run here")
		if [[ "$2" != machine ]]; then rm -rf "${COMPILER_HOME}"; fi
		return 1
	fi
	if [[ "$2" != machine ]]; then
		printf '%s\n' "${GO_REQUEST}" >"${COMPILER_HOME}.request"
		compiler::_trim
	fi
	report::set go_version "${GO_VERSION}"
	report::set go_source "$2"
}

# A third of it is there for Go's own tests.
compiler::_trim() {
	rm -rf "${COMPILER_HOME:?}"/{test,api,doc,misc}
	if [[ ! -d "${COMPILER_HOME}/src" ]]; then return 0; fi
	find "${COMPILER_HOME}/src" -name testdata -type d -prune -exec rm -rf {} +
	find "${COMPILER_HOME}/src" -name '*_test.go' -delete
}

compiler::_none() {
	local wanted="Go"
	if [[ -n "${GO_REQUEST}" ]]; then wanted="Go ${GO_REQUEST}"; fi
	local -a lines=("Error: ${wanted} can't be had on this machine." "")
	if [[ -n "${GO_ORIGIN}" ]]; then lines+=("${GO_ORIGIN^} asks for it." ""); fi
	if [[ "${#COMPILER_TRIED[@]}" -gt 0 ]]; then lines+=("What was tried:" "" "${COMPILER_TRIED[@]/#/    }" ""); fi
	if [[ "${#COMPILER_OFFERS[@]}" -gt 0 ]]; then
		lines+=("The newest that can be had: $(printf '%s\n' "${COMPILER_OFFERS[@]}" | cut -d ' ' -f 1 | grep -v '[a-z]' | sort -V | tail -n 1 || true)")
	else
		lines+=("The operator of this platform can name a module proxy that has golang.org/toolchain"
			"(GOPROXY), a mirror of go.dev/dl (GO_DOWNLOAD_MIRROR), or install Go in /usr/local/go.")
	fi
	printf '%s\n' "${lines[@]}" >"${WORK_DIR}/none"
	output::fail "compiler::not-available" <"${WORK_DIR}/none"
}
