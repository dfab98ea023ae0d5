#!/usr/bin/env bash
# The app's own bin/pre_compile and bin/post_compile, with config vars in their environment.

# Beside the names that no child of any buildpack gets, those that would break Python.
CONFIG_VARS_KEPT_BACK="${CONFIG_VARS_KEPT_BACK/CPATH/CPATH|PYTHONHOME|PYTHONPATH}"

hooks::run() {
	local script="bin/$1" status
	if [[ ! -f "${BUILD_DIR}/${script}" ]]; then return 0; fi
	output::step "Running ${script} hook"
	chmod +x "${BUILD_DIR}/${script}"
	if report::timed "$1_hook" hooks::_run "${script}"; then
		hooks::_check_build_dir "$1"
		return 0
	else
		status=$?
	fi
	output::fail "hooks::$1" <<-EOF
		Error: Your script ${script} failed.

		It ended with exit status ${status}; what it printed is above.

		Correct the script, commit, and push again. Was the script
		added by accident, delete it: it's run only because of its name.
	EOF
}

# Without this an app of nothing would be released over one that works.
hooks::_check_build_dir() {
	if [[ -n "$(ls -A "${BUILD_DIR}" 2>/dev/null)" ]]; then return 0; fi
	output::fail "hooks::$1-removed-app" <<-EOF
		Error: Your script bin/$1 removed the app.

		The build folder (BUILD_DIR) holds no files any more.

		Correct the script so that it removes only what it made, commit, and push again.
	EOF
}

# The step ends with the script. A daemon that it leaves behind still holds the pipe: what that prints later is read, so
# that nothing stops it, and shown to nobody.
hooks::_run() {
	local end="end of ${1//\//-} ${RANDOM}${RANDOM}${RANDOM}" pipe="${WORK_DIR}/hook" status=0 shown finished into
	mkfifo "${pipe}"
	exec {shown}>&1
	exec {finished}< <(
		exec <"${pipe}"
		output::indent "" "" "${end}" >&"${shown}"
		exec cat >/dev/null 2>&1 {shown}>&-
	)
	exec {into}>"${pipe}"
	rm "${pipe}"
	(
		config_vars::export
		export PYTHONDONTWRITEBYTECODE=1 BUILD_DIR CACHE_DIR ENV_DIR
		cd "${BUILD_DIR}" || exit 1
		"./$1"
	) >&"${into}" 2>&1 </dev/null {into}>&- {finished}<&- {shown}>&- || status=$?
	# In one write, after all that the script wrote.
	printf '%s\n' "${end}" >&"${into}"
	exec {into}>&- {shown}>&-
	# Ends when all is shown.
	read -r <&"${finished}" || true
	exec {finished}<&-
	return "${status}"
}
