#!/usr/bin/env bash
# Source of interpreters: packages of the Linux distribution, unpacked into a folder of ours instead of installed.
# Works where apt's lists can be read; packages that the machine already has are left out, as apt's solver says.

distribution::list() {
	local series version
	type -P apt-cache apt-get dpkg >/dev/null || return 0
	for series in 3.14 3.13 3.12 3.11 3.10; do
		version="$(apt-cache show --no-all-versions "python${series}" 2>/dev/null | sed -n -E 's/^Version: ([0-9]+:)?(3\.[0-9]+\.[0-9]+)-.*/\2/p' | head -n 1 || true)"
		if [[ -n "${version}" ]]; then
			printf '%s\tdistribution\t%s\n' "${version}" "${CACHE_DIR}/python/distribution/${version}"
		fi
	done
}

distribution::install() {
	local series="${PYTHON_VERSION%.*}" part="${CACHE_DIR}/python/distribution.part" package library
	local -a packages
	mapfile -t packages < <(apt-get install --simulate --reinstall --no-install-recommends "python${series}" "python${series}-minimal" \
		"libpython${series}-minimal" "libpython${series}-stdlib" 2>/dev/null | awk '/^Inst / { print $2 }')
	[[ "${#packages[@]}" -gt 0 ]] || return 1
	rm -rf "${part}"
	mkdir -p "${part}/deb" "${part}/tree" "$(dirname "${PYTHON_BASE}")"
	(cd "${part}/deb" && timeout 120 apt-get -q -o APT::Sandbox::User= download "${packages[@]}") || return 1
	for package in "${part}"/deb/*.deb; do
		dpkg -x "${package}" "${part}/tree" || return 1
	done
	library="${part}/tree/usr/lib/python${series}"
	rm -f "${library}/sitecustomize.py" "${library}/EXTERNALLY-MANAGED"
	rm -rf "${part}/tree/usr/share" "${part}/tree/usr/lib/python${series}/test"
	# Debian's `/lib` and `/usr/lib` are one.
	if [[ -d "${part}/tree/lib" ]]; then cp -a "${part}/tree/lib/." "${part}/tree/usr/lib/"; fi
	ln -sfn "python${series}" "${part}/tree/usr/bin/python3"
	distribution::find_libraries "${part}/tree/usr"
	LD_LIBRARY_PATH="${LIBRARIES}" "${part}/tree/usr/bin/python3" -I -c 'import ssl, sqlite3, ctypes, zlib' || return 1
	environment::compile "${part}/tree/usr" "${library}" /app/.heroku/python/base || return 1
	mv "${part}/tree/usr" "${PYTHON_BASE}"
	rm -rf "${part}"
}

# Sets LIBRARIES to the folder of shared libraries below $1, or to nothing.
distribution::find_libraries() {
	local folder
	LIBRARIES=""
	for folder in "$1"/lib/*-linux-gnu*; do
		if [[ -d "${folder}" ]]; then LIBRARIES="${folder}"; fi
	done
}
