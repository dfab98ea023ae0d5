#!/usr/bin/env bash
# Which packages are built: those that the app names, or every main package.

# Sets BUILD_PACKAGES; returns the status of go.
packages::find() {
	local named format='{{ if eq .Name "main" }}{{ .ImportPath }}{{ end }}' status=0
	local -a roots=(./...)
	named="$(module::value '^//[[:space:]]*[+]heroku[[:space:]]+install[[:space:]]+(.*)')"
	read -r -a BUILD_PACKAGES <<<"${GO_INSTALL_PACKAGE_SPEC:-${named}}"
	if [[ "${#BUILD_PACKAGES[@]}" -gt 0 ]]; then return 0; fi
	if [[ -f "${BUILD_DIR}/go.work" ]]; then
		# A workspace has no packages of its own; each of its modules has.
		mapfile -t roots < <(packages::_workspace)
	fi
	build::_go "${GO_ROOT}/bin/go" list -find "${BUILD_MODE[@]}" -tags heroku -f "${format}" "${roots[@]}" >"${WORK_DIR}/list.out" || status=$?
	if [[ "${status}" -ne 0 ]]; then
		cat "${WORK_DIR}/list.out"
		return "${status}"
	fi
	mapfile -t BUILD_PACKAGES < <(sed -E 's/^ +//' "${WORK_DIR}/list.out" | grep -E '^[^ ]+$' | grep -v -E '^go:' || true)
	if [[ "${#BUILD_PACKAGES[@]}" -eq 0 ]]; then failure::no_program; fi
}

# https://go.dev/ref/mod#go-work-file-use
packages::_workspace() {
	tr -d '\r"' <"${BUILD_DIR}/go.work" |
		sed -n -E -e 's/^use[[:space:]]+([^([:space:]]+).*/\1/p' -e '/^use[[:space:]]*\(/,/^\)/s/^[[:space:]]+([^[:space:])]+).*/\1/p' |
		grep -v '^//' | sed -E 's#/*$#/...#'
}
