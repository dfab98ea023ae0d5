#!/usr/bin/env bash
# What starts an app that has no Procfile: its task `start`, or the file that people give that name.

process_types::write() {
	local command=""
	rm -f "${BUILD_DIR}/.heroku/deno-release.yml"
	if build::has_task start; then
		command="deno task start"
	elif [[ -n "${BUILD_ENTRY}" ]]; then
		# https://docs.deno.com/runtime/fundamentals/http_server/: what exports a fetch function is served, and not run.
		if grep -q -E '^export default (\{|satisfies|app\b)' "${BUILD_DIR}/${BUILD_ENTRY}" && grep -q 'fetch' "${BUILD_DIR}/${BUILD_ENTRY}"; then
			command="deno serve --allow-all --host 0.0.0.0 --port \$PORT ${BUILD_ENTRY}"
		else
			command="deno run --allow-all ${BUILD_ENTRY}"
		fi
	fi
	if [[ -z "${command}" ]]; then
		if [[ ! -f "${BUILD_DIR}/Procfile" ]]; then output::step "No Procfile was found, no task 'start' and no main.ts. Add a line such as 'web: deno run --allow-all server.ts'"; fi
		return 0
	fi
	printf 'default_process_types:\n  web: "%s"\n' "${command}" >"${BUILD_DIR}/.heroku/deno-release.yml"
	report::set default_web_process "${command}"
}
