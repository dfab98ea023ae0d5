#!/usr/bin/env bash
# Finds a Rust that fits: the one of the last build, Rust's own releases, the distribution's packages, the machine's.
# Sets CARGO_BIN (the folder of cargo and rustc), COMPILER_VERSION and COMPILER_LIBRARIES.

COMPILER_HOME="${OWN_CACHE}/compiler"
# For this long `stable` means what it meant at an earlier build.
COMPILER_KEPT_S=$((7 * 24 * 3600))

compiler::obtain() {
	COMPILER_TRIED=() COMPILER_OFFERS=()
	if ! compiler::_cached; then compiler::_find; fi
	report::set rust_version "${COMPILER_VERSION}"
	if ! type -P cc >/dev/null; then
		output::fail "compiler::no-linker" <<-'END'
			Error: This machine has no linker.

			Rust needs a C compiler (cc) to put programs together, and there's none.
			The operator of this platform can install one: apt-get install build-essential
		END
	fi
}

compiler::_find() {
	local source
	for source in ${RUST_BUILDPACK_SOURCES:-upstream distribution machine}; do
		if "compiler::_${source}"; then
			report::set rust_source "${source}"
			return 0
		fi
	done
	# It may not be the newest any more, but that's no reason to build nothing.
	if compiler::_kept || compiler::_later; then return 0; fi
	compiler::_none
}

compiler::_cached() {
	if [[ ! -f "${COMPILER_HOME}/request" ]]; then return 1; fi
	if [[ ! "${RUST_CHANNEL}" =~ [0-9]$ && -n "$(find "${COMPILER_HOME}/request" -mmin +$((COMPILER_KEPT_S / 60)))" ]]; then return 1; fi
	compiler::_kept
}

# The one of the last build, however old.
compiler::_kept() {
	if [[ ! -x "${COMPILER_HOME}/bin/cargo" || "$(cat "${COMPILER_HOME}/request" 2>/dev/null)" != "${RUST_CHANNEL}" ]]; then return 1; fi
	compiler::_use "${COMPILER_HOME}/bin" "${COMPILER_HOME}" || return 1
	report::set rust_source cache
	output::step "Using Rust ${COMPILER_VERSION} of the last build"
}

# A file asks for a release that can't be had: a later one compiles what was written for it. https://blog.rust-lang.org/2014/10/30/Stability/
compiler::_later() {
	local wanted="${RUST_CHANNEL}" source newest
	if [[ "${wanted}" != 1.* || "${RUST_ORIGIN}" == *RUST_VERSION || "${#COMPILER_OFFERS[@]}" -eq 0 ]]; then return 1; fi
	newest="$(printf '%s\n' "${COMPILER_OFFERS[@]}" | sort -V | tail -n 1)"
	source="${newest##*(}"
	if [[ "$(printf '%s\n' "${wanted}" "${newest%% *}" | sort -V | tail -n 1)" != "${newest%% *}" ]]; then return 1; fi
	RUST_CHANNEL="${newest%% *}"
	if ! "compiler::_${source%)}"; then
		RUST_CHANNEL="${wanted}"
		return 1
	fi
	RUST_CHANNEL="${wanted}"
	if [[ "${source%)}" != machine ]]; then printf '%s\n' "${wanted}" >"${COMPILER_HOME}/request"; fi
	report::set rust_source "${source%)}"
	output::warning <<-END
		Warning: Rust ${wanted} can't be had on this machine; Rust ${COMPILER_VERSION} is used.

		${RUST_ORIGIN} asks for ${wanted}. Rust compiles what was written for an older
		release, but its warnings may be others.
	END
}

# $1: the folder of the programs, $2: what they were unpacked into, or nothing.
compiler::_use() {
	local -a words
	CARGO_BIN="$1" COMPILER_LIBRARIES=""
	if [[ -n "$2" ]]; then COMPILER_LIBRARIES="$(debian::libraries "$2")"; fi
	read -r -a words < <(LD_LIBRARY_PATH="${COMPILER_LIBRARIES}" "$1/rustc" --version 2>/dev/null || true)
	COMPILER_VERSION="${words[1]:-}"
	[[ -n "${COMPILER_VERSION}" ]]
}

# https://forge.rust-lang.org/infra/channel-layout.html: a manifest names the archives of a channel with their SHA-256.
compiler::_upstream() {
	local server="${RUSTUP_DIST_SERVER:-https://static.rust-lang.org}" manifest="${WORK_DIR}/channel.toml" url component sum kind folder version
	case "${RUST_CHANNEL}" in
		nightly-*) url="${server%/}/dist/${RUST_CHANNEL#nightly-}/channel-rust-nightly.toml" ;;
		*) url="${server%/}/dist/channel-rust-${RUST_CHANNEL}.toml" ;;
	esac
	if ! toolchain::get "${url}.sha256" "${manifest}.sha256" || ! toolchain::get "${url}" "${manifest}"; then
		COMPILER_TRIED+=("Rust's own releases: ${TOOLCHAIN_PROBLEM}")
		return 1
	fi
	read -r sum _ <"${manifest}.sha256"
	if ! toolchain::_matches "${manifest}" "sha256:${sum}"; then
		COMPILER_TRIED+=("Rust's own releases: the list of the channel has another checksum than promised")
		return 1
	fi
	version="$(compiler::_manifest_version "${manifest}")"
	if [[ "$(cat "${COMPILER_HOME}/version" 2>/dev/null)" == "${version}" && "$(cat "${COMPILER_HOME}/request")" == "${RUST_CHANNEL}" ]]; then
		# Still the newest: good for another while.
		touch "${COMPILER_HOME}/request"
		compiler::_kept
		return
	fi
	output::step "Installing Rust ${version} (of rust-lang.org)"
	rm -rf "${COMPILER_HOME}".*
	kind="$(uname -m)-unknown-linux-gnu"
	for component in rustc cargo rust-std; do
		read -r url sum < <(awk -v section="[pkg.${component}.target.${kind}]" '
			$0 == section { inside = 1; next } /^\[/ { inside = 0 }
			inside && /^url = / { gsub(/"/, "", $3); url = $3 } inside && /^hash = / { gsub(/"/, "", $3); hash = $3 }
			END { print url, hash }' "${manifest}" || true)
		folder="${COMPILER_HOME}.${component}"
		if [[ -z "${url}" ]] || ! toolchain::install "${server%/}/${url#*://*/}" "sha256:${sum}" "${folder}" --strip-components=2; then
			COMPILER_TRIED+=("Rust's own releases: ${component}: ${TOOLCHAIN_PROBLEM:-there is none for ${kind}}")
			rm -rf "${COMPILER_HOME}".*
			return 1
		fi
	done
	rm -f "${COMPILER_HOME}".*/manifest.in
	cp -al "${COMPILER_HOME}.cargo/." "${COMPILER_HOME}.rust-std/." "${COMPILER_HOME}.rustc/"
	printf '%s\n' "${RUST_CHANNEL}" >"${COMPILER_HOME}.rustc/request"
	printf '%s\n' "${version}" >"${COMPILER_HOME}.rustc/version"
	rm -rf "${COMPILER_HOME}"
	mv "${COMPILER_HOME}.rustc" "${COMPILER_HOME}"
	rm -rf "${COMPILER_HOME}".*
	compiler::_use "${COMPILER_HOME}/bin" "${COMPILER_HOME}"
}

compiler::_manifest_version() {
	sed -n -E '/^\[pkg\.rustc\]$/,/^version = /s/^version = "(.*)"$/\1/p' "$1" | head -n 1
}

# Debian has a newer Rust for its web browsers beside its own one.
compiler::_distribution() {
	local package version
	if ! debian::refresh; then
		COMPILER_TRIED+=("packages of the distribution: ${DEBIAN_PROBLEM}")
		return 1
	fi
	for package in rustc-web rustc; do
		version="$(debian::version "${package}")"
		version="${version%%[^0-9.]*}"
		if [[ -z "${version}" ]]; then continue; fi
		COMPILER_OFFERS+=("${version} (distribution)")
		if ! version::fits "${version}"; then continue; fi
		output::step "Installing Rust ${version} (of the distribution)"
		if ! debian::unpack "${COMPILER_HOME}" "${package}" "${package/rustc/cargo}"; then
			COMPILER_TRIED+=("packages of the distribution: ${DEBIAN_PROBLEM}")
			return 1
		fi
		ln -sfn usr/bin "${COMPILER_HOME}/bin"
		if ! compiler::_use "${COMPILER_HOME}/bin" "${COMPILER_HOME}"; then
			COMPILER_TRIED+=("packages of the distribution: their rustc doesn't run here")
			rm -rf "${COMPILER_HOME}"
			return 1
		fi
		printf '%s\n' "${RUST_CHANNEL}" >"${COMPILER_HOME}/request"
		return 0
	done
	COMPILER_TRIED+=("packages of the distribution: no version that fits")
	return 1
}

compiler::_machine() {
	local folder
	for folder in /usr/local/bin /usr/bin /opt/rust/bin; do
		if [[ ! -x "${folder}/cargo" || ! -x "${folder}/rustc" ]] || ! compiler::_use "${folder}" ""; then continue; fi
		COMPILER_OFFERS+=("${COMPILER_VERSION} (machine)")
		if version::fits "${COMPILER_VERSION}"; then
			output::step "Using Rust ${COMPILER_VERSION} (of this machine)"
			return 0
		fi
	done
	COMPILER_TRIED+=("the machine: no cargo that fits in /usr or /opt")
	return 1
}

compiler::_none() {
	local -a lines=("Error: Rust ${RUST_CHANNEL} can't be had on this machine." "")
	if [[ -n "${RUST_ORIGIN}" ]]; then lines+=("${RUST_ORIGIN} asks for it."); fi
	lines+=("What was tried:" "" "${COMPILER_TRIED[@]/#/    }" "")
	if [[ "${#COMPILER_OFFERS[@]}" -gt 0 ]]; then
		lines+=("What can be had:" "" "${COMPILER_OFFERS[@]/#/    }" "" "Ask for one of these, for example:" "" \
			"    heroku config:set RUST_VERSION=${COMPILER_OFFERS[0]%% *}")
	else
		lines+=("The operator of this platform can name a mirror of static.rust-lang.org" "(RUSTUP_DIST_SERVER), or install Rust on the machine.")
	fi
	printf '%s\n' "${lines[@]}" >"${WORK_DIR}/none"
	output::fail "compiler::not-available" <"${WORK_DIR}/none"
}
