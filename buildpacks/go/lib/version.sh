#!/usr/bin/env bash
# Which Go the app asks for, and where. The order is the one of Heroku's buildpack.

# Sets GO_REQUEST (`1.N` for the newest of a series, `1.N.P`, or nothing) and GO_ORIGIN.
version::find() {
	local value="" file line GOVERSION=""
	GO_REQUEST="" GO_ORIGIN=""
	config_vars::read GOVERSION
	if [[ -n "${GOVERSION}" ]]; then
		value="${GOVERSION}" GO_ORIGIN="the config var GOVERSION"
	else
		for file in go.mod go.work; do
			if [[ ! -f "${BUILD_DIR}/${file}" ]]; then continue; fi
			for line in '^\/\/[[:space:]]*\+heroku[[:space:]]+goVersion[[:space:]]+([^[:space:]]+)' '^toolchain[[:space:]]+(go[^[:space:]]+)' '^go[[:space:]]+([^[:space:]]+)'; do
				value="$(tr -d '\r' <"${BUILD_DIR}/${file}" | sed -n -E "s/${line}.*/\\1/p" | head -n 1 || true)"
				if [[ -n "${value}" ]]; then
					GO_ORIGIN="${file}"
					break 2
				fi
			done
		done
	fi
	if [[ -z "${value}" || "${value}" == default ]]; then return 0; fi
	GO_REQUEST="${value#go}"
	if [[ ! "${GO_REQUEST}" =~ ^1\.[0-9]{1,3}(\.[0-9]{1,3}|(rc|beta)[0-9]+)?$ ]]; then
		output::fail "version::invalid" <<-END
			Error: ${GO_ORIGIN} asks for no version of Go.

			It says: $(output::quoted "${value}")

			Write a version such as 'go1.26' for the newest of the series, or 'go1.26.3'.
		END
	fi
}

# Whether the version $1 is what GO_REQUEST asks for.
version::fits() {
	case "${GO_REQUEST}" in
		"") [[ "$1" =~ ^1\.[0-9]+(\.[0-9]+)?$ ]] ;;
		# Before Go 1.21 the first release of a series had no third number.
		1.*.0) [[ "$1" == "${GO_REQUEST}" || "$1" == "${GO_REQUEST%.0}" ]] ;;
		1.*.* | *rc* | *beta*) [[ "$1" == "${GO_REQUEST}" ]] ;;
		*) [[ "$1" == "${GO_REQUEST}" || "$1" == "${GO_REQUEST}".* ]] ;;
	esac
}

# Whether $1 can compile what was written for GO_REQUEST: Go keeps its promise to old programs. https://go.dev/doc/go1compat
version::is_later() {
	[[ "${GO_REQUEST}" =~ ^1\.[0-9.]+$ && "$1" =~ ^1\.[0-9.]+$ && "$(printf '%s\n' "${GO_REQUEST}" "$1" | sort -V | tail -n 1)" == "$1" ]]
}
