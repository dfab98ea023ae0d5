#!/usr/bin/env bash
# Compiles, with the downloads and the compiled crates of the last build; or takes its programs when nothing has changed.

BUILD_LOG="${WORK_DIR}/cargo.log"
BUILD_RESULTS="${OWN_CACHE}/programs"

# Leaves the programs in target/release, and their names in BUILD_PROGRAMS.
build::run() {
	local sum RUST_CARGO_BUILD_FLAGS=""
	config_vars::read RUST_CARGO_BUILD_FLAGS
	sum="$(source_hash::of "${COMPILER_VERSION}")"
	if [[ -f "${BUILD_RESULTS}/sum" && "$(<"${BUILD_RESULTS}/sum")" == "${sum}" ]]; then
		output::step "Nothing has changed since the last build: using its programs"
	else
		build::_compile
		build::_keep "${sum}"
	fi
	mkdir -p "${BUILD_DIR}/target/release"
	cp -a --remove-destination "${BUILD_RESULTS}/bin/." "${BUILD_DIR}/target/release/"
	mapfile -t BUILD_PROGRAMS < <(ls -1 "${BUILD_RESULTS}/bin")
	report::set programs "${BUILD_PROGRAMS[*]}"
}

build::_compile() {
	local status=0
	local -a flags=(--release --bins) more=()
	if [[ -f "${BUILD_DIR}/Cargo.lock" ]]; then
		flags+=(--locked)
	else
		output::warning <<-'END'
			Warning: There's no Cargo.lock.

			Versions of crates are chosen anew at every build, so what runs today
			may not build tomorrow. Commit the Cargo.lock of your machine.
		END
	fi
	read -r -a more <<<"${RUST_CARGO_BUILD_FLAGS}"
	flags+=("${more[@]}")
	output::step "Running cargo build ${flags[*]}"
	rm -rf "${OWN_CACHE}/programs"
	build::_cargo "${flags[@]}" || status=$?
	if [[ "${status}" -ne 0 ]]; then failure::explain; fi
	if ! grep -q . "${WORK_DIR}/executables"; then
		output::fail "build::no-program" <<-'END'
			Error: The project has no program.

			cargo has compiled it, but it's a library: there's no src/main.rs, no file in
			src/bin/ and no [[bin]] in Cargo.toml that could be started.
		END
	fi
}

# Its messages about programs are JSON on stdout; all that people read is on stderr.
build::_cargo() {
	local status=0
	(
		config_vars::export
		export CARGO_HOME="${OWN_CACHE}/cargo" CARGO_TARGET_DIR="${OWN_CACHE}/target" CARGO_TERM_PROGRESS_WHEN=never CARGO_TERM_COLOR=never
		export PATH="${CARGO_BIN}:${PATH}" LD_LIBRARY_PATH="${COMPILER_LIBRARIES}${LD_LIBRARY_PATH:+:${LD_LIBRARY_PATH}}"
		if [[ -z "${CARGO_HTTP_CAINFO:-}" && -r "${SSL_CERT_FILE:-}" ]]; then export CARGO_HTTP_CAINFO="${SSL_CERT_FILE}"; fi
		# A file of the app may ask for a toolchain of rustup, which isn't what runs here.
		unset RUSTUP_TOOLCHAIN RUSTC_WRAPPER
		cd "${BUILD_DIR}" || exit 1
		cargo build "$@" --message-format=json-render-diagnostics 2>&1 >"${WORK_DIR}/messages" </dev/null
	) | tee "${BUILD_LOG}" | output::indent || status=$?
	sed -n -E 's/.*"executable":"([^"]+)".*/\1/p' "${WORK_DIR}/messages" | sort -u >"${WORK_DIR}/executables"
	return "${status}"
}

build::_keep() {
	local program part="${BUILD_RESULTS}.part"
	rm -rf "${part}"
	mkdir -p "${part}/bin"
	while IFS= read -r program; do
		if [[ "${program}" != */examples/* && "${program}" != */deps/* ]]; then cp -a "${program}" "${part}/bin/"; fi
	done <"${WORK_DIR}/executables"
	printf '%s\n' "$1" >"${part}/sum"
	rm -rf "${BUILD_RESULTS}"
	mv "${part}" "${BUILD_RESULTS}"
	# What a year of changes leaves behind: a project that doesn't fit begins anew.
	if [[ "$(du -sm "${OWN_CACHE}/target" | cut -f 1)" -gt 3072 ]]; then
		output::step "The compiled crates take more than 3 GB: leaving them out of the cache"
		rm -rf "${OWN_CACHE}/target"
	fi
}
