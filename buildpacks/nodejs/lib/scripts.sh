#!/usr/bin/env bash
# The app's own scripts of package.json.

# What an installer runs in the app itself, in this order.
LIFECYCLE=(preinstall install postinstall prepublish preprepare prepare postprepare)

scripts::has() {
	[[ -n "${SURVEY_SCRIPTS["$1"]+set}" ]]
}

scripts::any() {
	local name
	for name in "$@"; do
		if scripts::has "${name}"; then return 0; fi
	done
	return 1
}

scripts::run_if_present() {
	if ! scripts::has "$1"; then return 0; fi
	output::step "Running $1 (${MANAGER_COMMAND})"
	scripts::_run "$1"
}

scripts::build() {
	if scripts::has heroku-postbuild; then
		output::step "Build"
		if scripts::has build; then output::detail "Detected both \"build\" and \"heroku-postbuild\" scripts"; fi
		output::detail "Running heroku-postbuild (${MANAGER_COMMAND})"
		scripts::_run heroku-postbuild
	elif scripts::has build; then
		output::step "Build"
		output::detail "Running build (${MANAGER_COMMAND})"
		scripts::_run build
	fi
}

scripts::_run() {
	local name="$1" status=0
	report::set build_step "${name}"
	if report::timed "script_${name//[:-]/_}" scripts::_start "${name}"; then return 0; else status=$?; fi
	failure::script "${name}" "${status}"
}

scripts::_start() {
	local build_flags=""
	# npm's own echo of what it runs begins with `>`; that stays, it's evidence.
	case "${SURVEY_MANAGER}" in
		npm) environment::run "" npm run "$1" ;;
		pnpm) environment::run "" pnpm run "$1" ;;
		bun) environment::run "" bun run "$1" ;;
		*) environment::run "${build_flags}" yarn run "$1" ;;
	esac
}

# After node_modules came out of the cache, what the installer would have run in the app itself.
scripts::lifecycle() {
	local name
	for name in "${LIFECYCLE[@]}"; do scripts::run_if_present "${name}"; done
}
