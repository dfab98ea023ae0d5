#!/usr/bin/env bash
# setuptools, as Heroku gives it to Python 3.12 and older: packages of that time import `pkg_resources` and expect it to be
# there, though they don't ask for it. An app that names setuptools itself gets what it names: pip replaces this one.

# The last line of versions that has `pkg_resources`, as on Heroku.
SETUPTOOLS_WANTED="70.3.0"

# Nothing is said when the index doesn't have it: only an app that needs it will miss it.
setuptools::provide() {
	local folder="${CACHE_DIR}/python/setuptools" wheel
	if [[ "${PYTHON_VERSION}" =~ ^3\.([0-9]+)\. && "${BASH_REMATCH[1]}" -gt 12 ]]; then return 0; fi
	mkdir -p "${folder}"
	wheel="$(find "${folder}" -maxdepth 1 -name 'setuptools-*.whl' | head -n 1)"
	if [[ -z "${wheel}" ]]; then
		wheel="$("${HELPER_PYTHON}" -I -B "${BUILDPACK_DIR}/lib/simple_index.py" setuptools "${SETUPTOOLS_WANTED}" "${PYTHON_VERSION}" "${folder}" 2>/dev/null)" || return 0
	fi
	# An index that lacks this version gave its newest: better none than one without `pkg_resources`.
	if [[ "${wheel##*/}" != "setuptools-${SETUPTOOLS_WANTED}-"* ]]; then
		rm -f "${wheel}"
		return 0
	fi
	"${HELPER_PYTHON}" -I -S -c 'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])' "${wheel}" "${SITE_PACKAGES}"
}
