#!/usr/bin/env bash
# Builds the main packages into bin/, with the modules and the compiled packages of the last build; or takes its programs when
# nothing has changed.

BUILD_LOG="${WORK_DIR}/go.log"
BUILD_RESULTS="${OWN_CACHE}/programs"

build::run() {
	local sum=""
	GO_INSTALL_PACKAGE_SPEC="" GO_LINKER_SYMBOL="" GO_LINKER_VALUE="${SOURCE_VERSION:-}"
	config_vars::read GO_INSTALL_PACKAGE_SPEC
	config_vars::read GO_LINKER_SYMBOL
	config_vars::read GO_LINKER_VALUE
	if [[ -n "${GO_LINKER_SYMBOL}" ]]; then sum="${GO_LINKER_VALUE}"; fi
	sum="$(source_hash::of "${GO_VERSION}" "${sum}")"
	# Hooks may do anything, so that nothing can be said about what they would do.
	if [[ ! -x "${BUILD_DIR}/bin/go-pre-compile" && ! -x "${BUILD_DIR}/bin/go-post-compile" && -f "${BUILD_RESULTS}/sum" && "$(<"${BUILD_RESULTS}/sum")" == "${sum}" ]]; then
		output::step "Nothing has changed since the last build: using its programs"
		mkdir -p "${BUILD_DIR}/bin"
		cp -a --remove-destination "${BUILD_RESULTS}/bin/." "${BUILD_DIR}/bin/"
	else
		build::_hook go-pre-compile
		build::_install
		build::_keep "${sum}"
		build::_hook go-post-compile
	fi
	mapfile -t BUILD_PROGRAMS < <(ls -1 "${BUILD_RESULTS}/bin")
	report::set programs "${BUILD_PROGRAMS[*]}"
}

build::_install() {
	local status=0
	local -a packages flags=(-v -trimpath -tags heroku)
	build::_choose_packages
	if [[ -n "${GO_LINKER_SYMBOL}" ]]; then flags+=(-ldflags "-X ${GO_LINKER_SYMBOL}=${GO_LINKER_VALUE}"); fi
	if [[ -d "${BUILD_DIR}/vendor" && -s "${BUILD_DIR}/go.sum" && ! -f "${BUILD_DIR}/go.work" ]]; then flags+=(-mod=vendor); fi
	output::step "Running: go install ${flags[*]} ${packages[*]}"
	rm -rf "${BUILD_RESULTS}" "${BUILD_RESULTS}.part"
	mkdir -p "${BUILD_RESULTS}.part/bin"
	build::_go env GOBIN="${BUILD_RESULTS}.part/bin" "${GO_ROOT}/bin/go" install "${flags[@]}" "${packages[@]}" || status=$?
	if [[ "${status}" -ne 0 ]]; then failure::explain; fi
	if [[ -z "$(ls -A "${BUILD_RESULTS}.part/bin")" ]]; then failure::no_program; fi
}

# Sets `packages`, of build::_install: what the app names, or every main package.
build::_choose_packages() {
	local directive format='{{ if eq .Name "main" }}{{ .ImportPath }}{{ end }}' status=0
	directive="$(tr -d '\r' <"${BUILD_DIR}/go.mod" 2>/dev/null | sed -n -E 's/^\/\/[[:space:]]*\+heroku[[:space:]]+install[[:space:]]+(.*)/\1/p' | head -n 1 || true)"
	read -r -a packages <<<"${GO_INSTALL_PACKAGE_SPEC:-${directive}}"
	if [[ "${#packages[@]}" -gt 0 ]]; then return 0; fi
	local -a roots=(./...)
	if [[ -f "${BUILD_DIR}/go.work" ]]; then
		# A workspace has no packages of its own; each of its modules has.
		mapfile -t roots < <(cd "${BUILD_DIR}" && tr -d '\r' <go.work | sed -n -E -e 's/^use[[:space:]]+([^([:space:]]+).*/\1/p' -e '/^use[[:space:]]*\(/,/^\)/s/^[[:space:]]+([^[:space:])]+).*/\1\/.../p' | sed -E 's#(/\.\.\.)?$#/...#')
	fi
	build::_go "${GO_ROOT}/bin/go" list -find -tags heroku -f "${format}" "${roots[@]}" >"${WORK_DIR}/list.out" || status=$?
	if [[ "${status}" -ne 0 ]]; then
		cat "${WORK_DIR}/list.out"
		failure::explain
	fi
	mapfile -t packages < <(sed -E 's/^ +//' "${WORK_DIR}/list.out" | grep -E '^[^ ]+$' | grep -v -E '^go:' || true)
	if [[ "${#packages[@]}" -eq 0 ]]; then failure::no_program; fi
}

# Runs a command in the app, its words shown and kept in BUILD_LOG.
build::_go() {
	(
		build::_environment
		cd "${BUILD_DIR}" || exit 1
		"$@"
	) 2>&1 </dev/null | tee "${BUILD_LOG}" | output::indent
}

build::_environment() {
	local goflags="${GOFLAGS:-}" minor="${GO_VERSION#1.}"
	minor="${minor%%[^0-9]*}"
	# Flags that it doesn't know are errors to go, even those of the machine's settings.
	if [[ "${minor}" -lt 18 ]]; then goflags="${goflags//-buildvcs=false/}"; fi
	if [[ "${minor}" -ge 14 ]]; then goflags+=" -modcacherw"; fi
	config_vars::export
	export GOROOT="${GO_ROOT}" GOTOOLCHAIN=local GOPATH="${OWN_CACHE}/gopath" GOMODCACHE="${OWN_CACHE}/modules" GOCACHE="${OWN_CACHE}/build"
	export PATH="${GO_ROOT}/bin:${BUILD_DIR}/bin:${PATH}" GOFLAGS="${goflags# }" GIT_TERMINAL_PROMPT=0
	if ! type -P "${CC:-gcc}" >/dev/null && ! type -P cc >/dev/null; then export CGO_ENABLED="${CGO_ENABLED:-0}"; fi
	build::_git_logins
}

# `GO_GIT_CRED__HTTPS__GITHUB__COM=<token>` or `<user>:<password>`: for private modules, as in Heroku's buildpack.
build::_git_logins() {
	local name rest protocol host number=0
	for name in "${CONFIG_VARS[@]}"; do
		if [[ ! "${name}" =~ ^GO_GIT_CRED__([A-Z]+)__([A-Z0-9_]+)$ ]]; then continue; fi
		protocol="${BASH_REMATCH[1],,}" rest="${BASH_REMATCH[2],,}"
		host="${rest//__/.}"
		# The helper's words stand in no file and in no list of processes: it reads the variable itself.
		export "GIT_CONFIG_KEY_${number}=credential.${protocol}://${host}.helper"
		export "GIT_CONFIG_VALUE_${number}=!f() { test \"\$1\" = get || exit 0; case \"\$${name}\" in *:*) echo \"username=\${${name}%%:*}\"; echo \"password=\${${name}#*:}\";; *) echo \"username=\$${name}\"; echo password=x-oauth-basic;; esac; }; f"
		number=$((number + 1))
	done
	if [[ "${number}" -gt 0 ]]; then export GIT_CONFIG_COUNT="${number}"; fi
}

build::_hook() {
	local status=0
	if [[ ! -x "${BUILD_DIR}/bin/$1" ]]; then return 0; fi
	output::step "Running bin/$1"
	build::_go env GOBIN="${BUILD_DIR}/bin" "${BUILD_DIR}/bin/$1" || status=$?
	if [[ "${status}" -ne 0 ]]; then
		output::fail "hook::$1" <<-END
			Error: bin/$1 ended with status ${status}.

			It's a script of your app; its own words are above.
		END
	fi
}

build::_keep() {
	printf '%s\n' "$1" >"${BUILD_RESULTS}.part/sum"
	mv "${BUILD_RESULTS}.part" "${BUILD_RESULTS}"
	mkdir -p "${BUILD_DIR}/bin"
	cp -a --remove-destination "${BUILD_RESULTS}/bin/." "${BUILD_DIR}/bin/"
	local folder
	for folder in modules build; do
		if [[ -d "${OWN_CACHE}/${folder}" && "$(du -sm "${OWN_CACHE}/${folder}" | cut -f 1)" -gt 2048 ]]; then
			output::step "The cache of Go's ${folder} takes more than 2 GB: leaving it out"
			rm -rf "${OWN_CACHE:?}/${folder}"
		fi
	done
}
