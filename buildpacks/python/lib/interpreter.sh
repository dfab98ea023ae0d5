#!/usr/bin/env bash
# Finds an interpreter of the wanted version: sets PYTHON_VERSION, PYTHON_SOURCE and PYTHON_BASE.
# PYTHON_BASE is the absolute path of the machine's python3.N, or for a downloaded one, of its folder in the cache.

# Best first. An operator can leave sources out, e.g. on a machine that must not download anything.
PYTHON_SOURCES="${PYTHON_BUILDPACK_SOURCES:-standalone distribution machine}"

interpreter::choose() {
	local how sticky=""
	if [[ -z "${PYTHON_REQUEST}" ]]; then
		cache::read_last_interpreter
		sticky="${LAST_INTERPRETER%%$'\t'*}"
		sticky="${sticky%.*}"
	fi

	# The last build's interpreter, if it's still there and still what the app asks for: no source is asked again.
	if [[ -n "${SURVEY_LAST}" ]]; then
		PICKED="${SURVEY_LAST}"
	else
		interpreter::pick_candidate "${sticky}"
	fi
	IFS=$'\t' read -r PYTHON_VERSION PYTHON_SOURCE PYTHON_BASE PYTHON_IDENTITY <<<"${PICKED}"

	how="requested"
	if [[ -z "${PYTHON_REQUEST}" ]]; then
		how="fallback"
		if [[ "${PYTHON_VERSION}" == "${DEFAULT_PYTHON_SERIES}".* ]]; then how="default"; fi
		if [[ "${PYTHON_VERSION%.*}" == "${sticky}" ]]; then how="sticky"; fi
	elif [[ ! "${PYTHON_REQUEST}" =~ ^[0-9.]+$ ]]; then
		how="range"
	fi
	version::announce "${how}"
	report::set python_version "${PYTHON_VERSION}"
	report::set python_source "${PYTHON_SOURCE}"
}

# Sets PICKED to the best of the lines in $2, or to nothing.
interpreter::pick() {
	PICKED="$("${HELPER_PYTHON}" -I -S "${BUILDPACK_DIR}/lib/versions.py" pick "${PYTHON_SPECIFIER}" "${DEFAULT_PYTHON_SERIES}" "$1" <<<"$2")"
}

# Asks every source in turn. A source that costs a download is asked only when the cheaper answer isn't good enough.
interpreter::pick_candidate() {
	local sticky="$1" machine="" source found="" picked_from=""
	PICKED=""
	if [[ " ${PYTHON_SOURCES} " == *" machine "* ]]; then machine="$(machine::list)"; fi
	for source in ${PYTHON_SOURCES}; do
		case "${source}" in
			standalone) found+="$(standalone::list)"$'\n' ;;
			distribution)
				# The distribution's own version is what the machine has, so packages matter only for another one.
				picked_from="${found}${machine}"
				interpreter::pick "${sticky}" "${picked_from}"
				if [[ -z "${PICKED}" ]]; then found+="$(distribution::list)"$'\n'; fi
				;;
			machine) found+="${machine}" ;;
		esac
	done
	if [[ -z "${picked_from}" || "${found}" != "${picked_from}" ]]; then interpreter::pick "${sticky}" "${found}"; fi
	if [[ -n "${PICKED}" ]]; then return; fi
	STANDALONE_PROBLEM="$(standalone::problem)"
	version::fail_unavailable "${found}"
}

# Downloads what was chosen, unless it's the machine's own: afterwards PYTHON_BASE is ready for an environment.
interpreter::obtain() {
	local problem
	case "${PYTHON_SOURCE}" in
		machine) return 0 ;;
		standalone | distribution)
			if [[ -x "${PYTHON_BASE}/bin/python3" ]]; then return 0; fi
			output::step "Installing Python ${PYTHON_VERSION}"
			if problem="$("${PYTHON_SOURCE}::install" 2>&1)"; then return 0; fi
			output::indent <<<"${problem}" >&2
			output::fail "install-python" <<-EOF
				Error: Python ${PYTHON_VERSION} couldn't be downloaded.

				The reason is in the lines above. Often the network is to
				blame for a moment only: push again first.
			EOF
			;;
	esac
}
