#!/usr/bin/env bash
# The last environment, kept in CACHE_DIR/python/env with what it was made from (`key`: one "what<TAB>value" per line).
#
# It's shared with the build by hard links, which cost nothing. Should an app write into its site-packages during the
# build, that reaches the cached file too: sizes and times of all files are kept in `manifest`, and an environment that
# doesn't match them any more is thrown away instead of used.

CACHE_LAYOUT="2"

# Sets LAST_INTERPRETER to `version<TAB>source<TAB>path<TAB>identity` of the last build's, or to nothing.
cache::read_last_interpreter() {
	LAST_INTERPRETER=""
	if [[ -f "${CACHE_DIR}/python/interpreter" ]]; then IFS= read -r LAST_INTERPRETER <"${CACHE_DIR}/python/interpreter" || true; fi
}

# The manifest must not tell of byte code that a restored environment grew, or of times of folders.
cache::_manifest() {
	(cd "$1" && find . ! -type d -printf '%P\t%s\t%T@\t%l\n' | LC_ALL=C sort)
}

# Prints why the cached environment isn't what the key in $1 asks for, one reason per line; nothing when it is.
cache::_reasons() {
	local key="$1" what value old
	local -A saved=()
	if [[ "${key}" == "$(<"${CACHE_DIR}/python/key")" ]]; then return; fi
	while IFS=$'\t' read -r what value; do saved["${what:-none}"]="${value}"; done <"${CACHE_DIR}/python/key"
	while IFS=$'\t' read -r what value; do
		old="${saved["${what}"]:-}"
		if [[ "${old}" == "${value}" ]]; then continue; fi
		if [[ "${value}" =~ ^[0-9a-f]{64}$ || -z "${old}" ]]; then
			echo "The ${what} changed."
		else
			echo "The ${what} changed from ${old} to ${value}."
		fi
	done <<<"${key}"
}

# Puts the cached environment into the build when the key in $1 is its key. Returns 1 when there's none to use.
cache::restore() {
	local key="$1" reasons reason dir="${CACHE_DIR}/python" linking=""
	report::set cache_status empty
	if [[ ! -d "${dir}/env" || ! -f "${dir}/key" ]]; then return 1; fi

	reasons="$(cache::_reasons "${key}")"
	if [[ -z "${reasons}" ]]; then
		# Both walk through thousands of files, side by side.
		cache::_link "${dir}/env" "${PYTHON_IN_BUILD}" &
		linking=$!
		if ! cmp -s "${dir}/manifest" <(cache::_manifest "${dir}/env"); then
			reasons="Files of the cached environment were changed after the install."
		fi
		if ! wait "${linking}"; then reasons="The cached environment couldn't be copied."; fi
	fi
	if [[ -n "${reasons}" ]]; then
		report::set cache_status discarded
		output::step "Discarding cache since:"
		while IFS= read -r reason; do output::detail "- ${reason}"; done <<<"${reasons}"
		rm -rf "${dir}/env" "${dir}/key" "${dir}/manifest" "${PYTHON_IN_BUILD}"
		return 1
	fi

	report::set cache_status reused
	output::step "Restoring cache"
}

# Hard links where both folders are on one mount and belong to us, else a copy.
cache::_link() {
	if [[ -e "$2" ]]; then rm -rf "$2"; fi
	if ! cp -RPl "$1" "$2" 2>/dev/null; then
		rm -rf "$2"
		cp -a --reflink=auto "$1" "$2"
	fi
}

cache::save() {
	local key="$1" dir="${CACHE_DIR}/python"
	output::step "Saving cache"
	rm -rf "${dir}/env" "${dir}/key" "${dir}/manifest" "${dir}/env.part"
	cache::_link "${PYTHON_IN_BUILD}" "${dir}/env.part"
	mv "${dir}/env.part" "${dir}/env"
	cache::_manifest "${dir}/env" >"${dir}/manifest"
	# Last: without a key the environment isn't used.
	printf '%s\n' "${key}" >"${dir}/key"
	cache::_trim
}

# With what tells another file at the same path, so that the next build need not ask the interpreter for its version.
cache::remember_interpreter() {
	if [[ -n "${SURVEY_LAST}" && -f "${CACHE_DIR}/python/interpreter" ]]; then return; fi
	if [[ "${PYTHON_SOURCE}" == machine && -z "${PYTHON_IDENTITY}" ]]; then
		PYTHON_IDENTITY="$("${HELPER_PYTHON}" -I -S -B "${BUILDPACK_DIR}/lib/survey.py" identity "${PYTHON_BASE}")"
	fi
	printf '%s\t%s\t%s\t%s\n' "${PYTHON_VERSION}" "${PYTHON_SOURCE}" "${PYTHON_BASE}" "${PYTHON_IDENTITY:--}" >"${CACHE_DIR}/python/interpreter"
}

# Installers' downloads make a changed requirement cheap; they must not grow forever. What the last build alone used goes:
# interpreters, package managers and their downloads.
cache::_trim() {
	local dir="${CACHE_DIR}/python" folder size
	for folder in "${dir}"/{pip,uv,poetry,pdm,pipenv}-cache; do
		if [[ ! -d "${folder}" ]]; then continue; fi
		size="$(du -sm "${folder}" 2>/dev/null || true)"
		if [[ "${size%%[^0-9]*}" -gt 512 ]]; then rm -rf "${folder}"; fi
	done
	for folder in "${dir}"/tools/*; do
		if [[ -d "${folder}" && "${folder}" != "${TOOL_DIR:-}" && "${folder##*/}" != "uv-${TOOL_WANTED[uv]}" ]]; then rm -rf "${folder}"; fi
	done
	for folder in "${dir}"/standalone/* "${dir}"/distribution/*; do
		if [[ -d "${folder}" && "${folder}" != "${PYTHON_BASE}" ]]; then rm -rf "${folder}"; fi
	done
}
