#!/usr/bin/env bash
# Go's own releases: https://go.dev/dl/?mode=json names the archives with their SHA-256. GO_DOWNLOAD_MIRROR, of the server's
# environment, is another place that is built like it; a folder (file:///...) has that list as index.json.

UPSTREAM_BASE="${GO_DOWNLOAD_MIRROR:-https://go.dev/dl}"
UPSTREAM_BASE="${UPSTREAM_BASE%/}"
UPSTREAM_LIST="${WORK_DIR}/go-releases.json"

compiler::_upstream_versions() {
	local version
	if [[ "${UPSTREAM_BASE}" == file://* ]]; then
		upstream::_fetch "${UPSTREAM_BASE}/index.json" || return 1
	else
		# The short list has the series that are maintained; the whole one is large.
		upstream::_fetch "${UPSTREAM_BASE}/?mode=json" || return 1
		while IFS= read -r version; do
			if version::fits "${version}"; then
				upstream::_listed
				return 0
			fi
		done < <(upstream::_listed)
		upstream::_fetch "${UPSTREAM_BASE}/?mode=json&include=all" || return 1
	fi
	upstream::_listed
}

upstream::_fetch() {
	if toolchain::get "$1" "${UPSTREAM_LIST}"; then return 0; fi
	COMPILER_PROBLEM="${TOOLCHAIN_PROBLEM}"
	return 1
}

# The list is JSON with one name and value per line.
upstream::_lines() {
	tr -d ' \t\r",' <"${UPSTREAM_LIST}"
}

upstream::_listed() {
	upstream::_lines | sed -n -E "s/^filename:go([0-9][0-9.]*((rc|beta)[0-9]+)?)\\.$(compiler::machine)\\.tar\\.gz\$/\\1/p"
}

compiler::_upstream_install() {
	local file sum
	file="go$1.$(compiler::machine).tar.gz"
	sum="$(upstream::_lines | awk -v name="filename:${file}" '/^filename:/ { inside = ($0 == name) } inside && sub(/^sha256:/, "") { print; exit }' || true)"
	if toolchain::install "${UPSTREAM_BASE}/${file}" "sha256:${sum}" "$2"; then return 0; fi
	COMPILER_PROBLEM="${TOOLCHAIN_PROBLEM}"
	return 1
}
