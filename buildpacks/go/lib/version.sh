#!/usr/bin/env bash
# Which Go the app asks for, and where. The order is the one of Heroku's buildpack; the files of version managers are ours.

# Sets GO_REQUEST (`1.N` for the newest of a series, `1.N.P`, or nothing) and GO_ORIGIN.
version::find() {
	local value="" file GOVERSION=""
	GO_REQUEST="" GO_ORIGIN=""
	config_vars::read GOVERSION
	if [[ -n "${GOVERSION}" ]]; then
		value="${GOVERSION}" GO_ORIGIN="the config var GOVERSION"
	fi
	version::_look '^//[[:space:]]*[+]heroku[[:space:]]+goVersion[[:space:]]+([^[:space:]]+)' go.mod go.work
	version::_look '^[[:space:]]*([^[:space:]#]+)' .go-version
	version::_look '^go(lang)?[[:space:]]+([^[:space:]#]+)' .tool-versions
	for file in go.mod go.work; do
		version::_look '^toolchain[[:space:]]+(go[^[:space:]]+)' "${file}"
		version::_look '^go[[:space:]]+([^[:space:]]+)' "${file}"
	done
	report::set go_version_origin "${GO_ORIGIN:-default}"
	if [[ -z "${value}" ]]; then return 0; fi
	# `toolchain go1.25.3-company` is a company's own build of 1.25.3.
	GO_REQUEST="${value#go}"
	if [[ "${GO_ORIGIN}" == go.* ]]; then GO_REQUEST="${GO_REQUEST%%-*}"; fi
	report::set go_version_requested "${GO_REQUEST}"
	version::_check "${value}"
}

# Sets the caller's `value` and GO_ORIGIN, unless they are set, to the last part in brackets of the first line that matches $1 in
# one of the files $2...
version::_look() {
	local pattern="$1" part='\1'
	if [[ "${pattern}" == *')?'* ]]; then part='\2'; fi
	shift
	while [[ -z "${value}" && "$#" -gt 0 ]]; do
		if [[ -f "${BUILD_DIR}/$1" ]]; then
			value="$(tr -d '\r' <"${BUILD_DIR}/$1" | sed -n -E "s#${pattern}.*#${part}#p" | head -n 1 || true)"
			if [[ -n "${value}" ]]; then GO_ORIGIN="$1"; fi
		fi
		shift
	done
}

version::_check() {
	if [[ ! "${GO_REQUEST}" =~ ^1\.([0-9]{1,3})(\.[0-9]{1,3}|(rc|beta)[0-9]{1,2})?$ ]]; then
		output::fail "version::invalid" <<-END
			Error: ${GO_ORIGIN} asks for no version of Go.

			It says: $(output::quoted "$1")

			Write a version such as 'go1.26' for the newest of the series, or 'go1.26.3'.
		END
	fi
	if [[ "${BASH_REMATCH[1]}" -ge 11 ]]; then return 0; fi
	if [[ "${GO_ORIGIN}" == go.* ]]; then
		# The line `go 1.9` is about the language: every later Go knows it.
		GO_REQUEST=""
		return 0
	fi
	output::fail "version::no-modules" <<-END
		Error: Go ${GO_REQUEST} knows no modules.

		${GO_ORIGIN^} asks for it. Modules came with Go 1.11; ask for that or a newer one.
	END
}

# Whether the version $1 is what GO_REQUEST asks for.
version::fits() {
	case "${GO_REQUEST}" in
		"") [[ "$1" =~ ^1\.[0-9]+(\.[0-9]+)?$ ]] ;;
		# Before Go 1.21 the first release of a series had no third number.
		1.*.0) [[ "$1" == "${GO_REQUEST}" || "$1" == "${GO_REQUEST%.0}" ]] ;;
		1.*.* | *rc* | *beta*) [[ "$1" == "${GO_REQUEST}" ]] ;;
		*) [[ "$1" == "${GO_REQUEST}" || "$1" =~ ^"${GO_REQUEST}"\.[0-9]+$ ]] ;;
	esac
}

# Whether $1 can compile what was written for GO_REQUEST: Go keeps its promise to old programs. https://go.dev/doc/go1compat
version::is_later() {
	[[ "${GO_REQUEST}" =~ ^1\.[0-9.]+$ && "$1" =~ ^1\.[0-9.]+$ && "$(printf '%s\n' "${GO_REQUEST}" "$1" | sort -V | tail -n 1)" == "$1" ]]
}
