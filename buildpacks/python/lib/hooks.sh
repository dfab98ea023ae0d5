#!/usr/bin/env bash
# The app's own bin/pre_compile and bin/post_compile, with config vars in their environment.

# Prints the names of config vars that a child may get: not those that would break it.
config_vars::names() {
	local file name
	[[ -d "${ENV_DIR}" ]] || return 0
	for file in "${ENV_DIR}"/*; do
		name="$(basename "${file}")"
		if [[ -f "${file}" && "${name}" =~ ^[A-Za-z_][A-Za-z0-9_]*$ ]] &&
			[[ ! "${name}" =~ ^(PATH|GIT_DIR|CPATH|CPPATH|LD_PRELOAD|LIBRARY_PATH|LD_LIBRARY_PATH|PYTHONHOME|PYTHONPATH|LANG|HOME|BUILD_DIR|CACHE_DIR|ENV_DIR|STACK|BASH_ENV|ENV|IFS)$ ]]; then
			echo "${name}"
		fi
	done
}

# To be called in a subshell. A value's trailing newlines are its own.
config_vars::export() {
	local name value
	while IFS= read -r name; do
		value="$(cat "${ENV_DIR}/${name}" && printf x)"
		export "${name}=${value%x}"
	done < <(config_vars::names)
}

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

hooks::_run() {
	(
		config_vars::export
		export PYTHONDONTWRITEBYTECODE=1 BUILD_DIR CACHE_DIR ENV_DIR
		cd "${BUILD_DIR}" || exit 1
		"./$1"
	) 2>&1 </dev/null | output::indent
}
