#!/usr/bin/env bash
# Compilers of the distribution's packages, unpacked into the cache, and those that the machine has where builds see them.

# Debian's backports have newer ones beside golang-go.
compiler::_distribution_versions() {
	local version
	if ! debian::refresh; then
		COMPILER_PROBLEM="${DEBIAN_PROBLEM}"
		return 1
	fi
	while read -r _ version; do
		if [[ "${version}" =~ ^(1\.[0-9]+(\.[0-9]+)?) ]]; then printf '%s\n' "${BASH_REMATCH[1]}"; fi
	done < <(debian::versions golang-1.{19..35}-go)
}

compiler::_distribution_install() {
	local series tree="$2.tree" name
	[[ "$1" =~ ^1\.[0-9]+ ]]
	series="${BASH_REMATCH[0]}"
	if ! debian::unpack "${tree}" "golang-${series}-go" "golang-${series}-src"; then
		COMPILER_PROBLEM="${DEBIAN_PROBLEM}"
		return 1
	fi
	rm -rf "$2"
	# What is in /usr/share is only linked from /usr/lib.
	mv "${tree}/usr/lib/go-${series}" "$2"
	for name in lib src pkg/include; do
		if [[ -d "${tree}/usr/share/go-${series}/${name}" ]]; then
			rm -rf "${2:?}/${name}"
			mv "${tree}/usr/share/go-${series}/${name}" "$2/${name}"
		fi
	done
	rm -rf "${tree}"
}

compiler::_machine_roots() {
	local root
	for root in /usr/local/go /usr/lib/go /usr/lib/golang /usr/lib/go-1.* /opt/go; do
		if [[ -x "${root}/bin/go" ]]; then printf '%s\n' "${root}"; fi
	done
}

compiler::_machine_versions() {
	local root
	while IFS= read -r root; do
		if compiler::_use "${root}"; then printf '%s\n' "${GO_VERSION}"; fi
	done < <(compiler::_machine_roots)
}

compiler::_machine_install() {
	local root
	while IFS= read -r root; do
		if compiler::_use "${root}" && [[ "${GO_VERSION}" == "$1" ]]; then return 0; fi
	done < <(compiler::_machine_roots)
	COMPILER_PROBLEM="it is gone"
	return 1
}
