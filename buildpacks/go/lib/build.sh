#!/usr/bin/env bash
# Builds the main packages into bin/, with the modules and the compiled packages of the last build; or takes its programs when
# nothing has changed.

BUILD_LOG="${WORK_DIR}/go.log"
BUILD_RESULTS="${OWN_CACHE}/programs"

build::run() {
	local sum="" GO_VERSION_IS_RAISED=""
	GO_INSTALL_PACKAGE_SPEC="" GO_LINKER_SYMBOL="" GO_LINKER_VALUE="${SOURCE_VERSION:-}"
	config_vars::read GO_INSTALL_PACKAGE_SPEC
	config_vars::read GO_LINKER_SYMBOL
	config_vars::read GO_LINKER_VALUE
	# It may write what is compiled then.
	build::_hook go-pre-compile
	if [[ -n "${GO_LINKER_SYMBOL}" ]]; then sum="${GO_LINKER_VALUE}"; fi
	sum="$(source_hash::of "${sum}" "${GOFLAGS:-}")"
	if [[ -f "${BUILD_RESULTS}/sum" && "$(<"${BUILD_RESULTS}/sum")" == "${GO_VERSION} ${sum}" ]]; then
		output::step "Nothing has changed since the last build: using its programs"
	else
		build::_choose_mode
		build::_install
		build::_keep "${GO_VERSION} ${sum}"
	fi
	mkdir -p "${BUILD_DIR}/bin"
	cp -a --remove-destination "${BUILD_RESULTS}/bin/." "${BUILD_DIR}/bin/"
	# A program of the app may be the hook.
	build::_hook go-post-compile
	mapfile -t BUILD_PROGRAMS < <(find "${BUILD_RESULTS}/bin" -type f ! -name 'go-*-compile' -printf '%f\n' | LC_ALL=C sort)
	report::set programs "${BUILD_PROGRAMS[*]}"
}

build::_install() {
	local status=0 quote="'"
	local -a flags=(-v -tags heroku)
	packages::find || status=$?
	if [[ "${status}" -ne 0 ]]; then
		build::_again
		return
	fi
	# Without the name of the build's folder, which is another one each time, compiled packages can be used again.
	if [[ "${GO_VERSION}" != 1.1[12]* ]]; then flags=(-v -trimpath -tags heroku); fi
	if [[ "${GO_LINKER_VALUE}" != *[[:space:]]* ]]; then quote=""; fi
	if [[ -n "${GO_LINKER_SYMBOL}" ]]; then flags+=(-ldflags "-X ${quote}${GO_LINKER_SYMBOL}=${GO_LINKER_VALUE}${quote}"); fi
	flags+=("${BUILD_MODE[@]}")
	output::step "Running: go install ${flags[*]} ${BUILD_PACKAGES[*]}"
	rm -rf "${BUILD_RESULTS}" "${BUILD_RESULTS}.part"
	mkdir -p "${BUILD_RESULTS}.part/bin"
	build::_go env GOBIN="${BUILD_RESULTS}.part/bin" "${GO_ROOT}/bin/go" install "${flags[@]}" "${BUILD_PACKAGES[@]}" || status=$?
	if [[ "${status}" -ne 0 ]]; then
		build::_again
		return
	fi
	if [[ -z "$(ls -A "${BUILD_RESULTS}.part/bin")" ]]; then failure::no_program; fi
}

# After a failure: once more with the newer Go that a module of others needs, where go.mod alone named the older one. Its line `go`
# is the oldest that will do, not the only one.
build::_again() {
	local needed
	needed="$(sed -n -E 's/.*(requires go >= ?|module requires Go )(1\.[0-9]+).*/\2/p' "${BUILD_LOG}" | sort -V | tail -n 1)"
	if [[ -z "${needed}" || -n "${GO_VERSION_IS_RAISED}" || "${GO_ORIGIN}" != go.* ]] || ! version::is_later "${needed}"; then failure::explain; fi
	GO_VERSION_IS_RAISED=true
	output::step "A module needs Go ${needed}, and ${GO_ORIGIN} says ${GO_REQUEST}: trying with the newer one"
	compiler::raise "${needed}"
	build::_install
}

# Sets BUILD_MODE: modules that the app brings along are used, unless it says otherwise.
build::_choose_mode() {
	local GOFLAGS="${GOFLAGS:-}"
	BUILD_MODE=()
	config_vars::read GOFLAGS
	if [[ -d "${BUILD_DIR}/vendor" && -s "${BUILD_DIR}/go.sum" && ! -f "${BUILD_DIR}/go.work" && " ${GOFLAGS}" != *' -mod='* ]]; then BUILD_MODE=(-mod=vendor); fi
}

# Runs a command in the app, its words shown and kept in BUILD_LOG.
build::_go() {
	(
		environment::set
		cd "${BUILD_DIR}" || exit 1
		"$@"
	) 2>&1 </dev/null | tee "${BUILD_LOG}" | output::indent
}

build::_hook() {
	local status=0
	if [[ ! -f "${BUILD_DIR}/bin/$1" ]]; then return 0; fi
	output::step "Running bin/$1"
	chmod a+x "${BUILD_DIR}/bin/$1"
	build::_go env GOBIN="${BUILD_DIR}/bin" "${BUILD_DIR}/bin/$1" || status=$?
	if [[ "${status}" -ne 0 ]]; then
		output::fail "hook::$1" <<-END
			Error: bin/$1 ended with status ${status}.

			It's a script of your app; its own words are above.
		END
	fi
}

build::_keep() {
	local folder
	printf '%s\n' "$1" >"${BUILD_RESULTS}.part/sum"
	mv "${BUILD_RESULTS}.part" "${BUILD_RESULTS}"
	for folder in modules build; do
		if [[ -d "${OWN_CACHE}/${folder}" && "$(du -sm "${OWN_CACHE}/${folder}" | cut -f 1)" -gt 2048 ]]; then
			output::step "The cache of Go's ${folder} takes more than 2 GB: leaving it out"
			build::_remove "${OWN_CACHE:?}/${folder}"
		fi
	done
}

# Folders of modules are read-only where Go is older than 1.14.
build::_remove() {
	chmod -R u+w "$1"
	rm -rf "$1"
}
