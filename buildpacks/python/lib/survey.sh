#!/usr/bin/env bash
# Chooses the Python that runs this buildpack's own helpers (HELPER_PYTHON; any version will do), and asks it all that can
# be asked before the app's own interpreter is known.

SURVEY_VERSION="" SURVEY_KIND="" SURVEY_LAST=""
SURVEY_REQUIREMENTS=() SURVEY_MACHINE=()

survey::take() {
	if survey::ask "${BUILD_DIR}" "${ENV_DIR}" "${CACHE_DIR}" "${WORK_DIR}/requirements"; then return; fi
	output::fail "no-helper-python" <<-'EOF'
		Error: This machine has no python3.

		The buildpack needs one for its own work. Ask the operator of
		this platform to install it:

		    apt-get install python3
	EOF
}

# Asks the first Python that can answer, with the arguments of survey.py. Returns 1 when there is none.
survey::ask() {
	local candidate what rest answers status
	for candidate in /usr/bin/python3 /usr/local/bin/python3 "$(type -P python3 || true)"; do
		if [[ -z "${candidate}" || ! -x "${candidate}" ]]; then continue; fi
		status=0
		answers="$("${candidate}" -I -S -B "${BASH_SOURCE[0]%/*}/survey.py" "$@")" || status=$?
		case "${status}" in
			0) HELPER_PYTHON="${candidate}" ;;
			3 | 126 | 127) continue ;; # Too old, or it can't be run.
			*)
				output::internal_error "survey.py, with status ${status}"
				exit 1
				;;
		esac
		while IFS=$'\t' read -r what rest; do
			case "${what}" in
				version) SURVEY_VERSION="${rest}" ;;
				kind) SURVEY_KIND="${rest}" ;;
				last) SURVEY_LAST="${rest}" ;;
				requirements) SURVEY_REQUIREMENTS+=("${rest}") ;;
				machine) SURVEY_MACHINE+=("${rest}") ;;
			esac
		done <<<"${answers}"
		return 0
	done
	return 1
}
