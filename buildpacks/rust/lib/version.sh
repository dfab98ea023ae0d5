#!/usr/bin/env bash
# Which Rust the app asks for, and where.

# Sets RUST_CHANNEL (`stable`, `beta`, `nightly[-YYYY-MM-DD]`, `1.N` or `1.N.P`) and RUST_ORIGIN.
version::find() {
	local file value=""
	RUST_CHANNEL=stable RUST_ORIGIN="" RUST_VERSION=""
	config_vars::read RUST_VERSION
	if [[ -n "${RUST_VERSION}" ]]; then
		value="${RUST_VERSION}" RUST_ORIGIN="the config var RUST_VERSION"
	else
		# rustup's order. The file without an ending may hold a version alone, or TOML.
		for file in rust-toolchain rust-toolchain.toml .rust-version .tool-versions; do
			if [[ ! -f "${BUILD_DIR}/${file}" ]]; then continue; fi
			case "${file}" in
				.tool-versions) value="$(version::_first '^rust[[:space:]]+([^[:space:]#]+).*' "${file}")" ;;
				*)
					value="$(version::_first '^[[:space:]]*channel[[:space:]]*=[[:space:]]*["'\'']([^"'\'']+)["'\''].*' "${file}")"
					if [[ -z "${value}" ]] && ! grep -q '[][=]' "${BUILD_DIR}/${file}"; then value="$(version::_first '^[[:space:]]*([^[:space:]#]+).*' "${file}")"; fi
					;;
			esac
			if [[ -n "${value}" ]]; then
				RUST_ORIGIN="${file}"
				break
			fi
		done
	fi
	if [[ -z "${value}" ]]; then return 0; fi
	# `1.80.0-x86_64-unknown-linux-gnu` is a channel with the machine that it's for.
	RUST_CHANNEL="${value%-x86_64-*}"
	RUST_CHANNEL="${RUST_CHANNEL%-aarch64-*}"
	if [[ ! "${RUST_CHANNEL}" =~ ^(stable|beta|nightly|nightly-[0-9]{4}-[0-9]{2}-[0-9]{2}|1\.[0-9]{1,3}(\.[0-9]{1,3})?)$ ]]; then
		output::fail "version::invalid" <<-END
			Error: ${RUST_ORIGIN} asks for no version of Rust.

			It says: $(output::quoted "${value}")

			Write 'stable', a version such as '1.85' or '1.85.1', or 'nightly-2026-01-31'.
		END
	fi
}

# The part in brackets of the first line that matches $1 in the app's file $2.
version::_first() {
	tr -d '\r' <"${BUILD_DIR}/$2" | sed -n -E "s/$1/\\1/p" | head -n 1 || true
}

# Whether the version $1 is what RUST_CHANNEL asks for. Only rust-lang.org says what a beta or a nightly is.
version::fits() {
	case "${RUST_CHANNEL}" in
		stable) [[ "$1" =~ ^1\.[0-9]+\.[0-9]+$ ]] ;;
		1.*.*) [[ "$1" == "${RUST_CHANNEL}" ]] ;;
		1.*) [[ "$1" == "${RUST_CHANNEL}."* ]] ;;
		*) return 1 ;;
	esac
}
