#!/usr/bin/env bash
# Fetches the modules into .heroku/deno-dir, with those of the last build, and runs the app's task `build`.

BUILD_LOG="${WORK_DIR}/deno.log"
# Where people put what Deno is to run.
BUILD_ENTRIES=(main.ts main.tsx main.js server.ts server.tsx server.js app.ts mod.ts index.ts index.js src/main.ts src/server.ts src/index.ts)

build::run() {
	local sum entry status=0
	sum="$(source_hash::of "${DENO_VERSION}")"
	BUILD_ENTRY=""
	for entry in "${BUILD_ENTRIES[@]}"; do
		if [[ -z "${BUILD_ENTRY}" && -f "${BUILD_DIR}/${entry}" ]]; then BUILD_ENTRY="${entry}"; fi
	done
	mkdir -p "${OWN_CACHE}/deno-dir" "${BUILD_DIR}/.heroku"
	rm -rf "${BUILD_DIR}/.heroku/deno-dir"
	cp -a "${OWN_CACHE}/deno-dir" "${BUILD_DIR}/.heroku/deno-dir"
	build::_tasks
	if [[ -f "${OWN_CACHE}/sum" && "$(<"${OWN_CACHE}/sum")" == "${sum}" && ! -f "${BUILD_DIR}/package.json" ]]; then
		output::step "Nothing has changed since the last build: using its modules"
	else
		build::_fetch
		printf '%s\n' "${sum}" >"${OWN_CACHE}/sum"
	fi
	if build::has_task build; then
		output::step "Running deno task build"
		build::_deno task build || status=$?
		if [[ "${status}" -ne 0 ]]; then build::_explain "the task 'build'"; fi
	fi
	rm -rf "${OWN_CACHE}/deno-dir"
	if [[ "$(du -sm "${BUILD_DIR}/.heroku/deno-dir" | cut -f 1)" -le 1024 ]]; then
		cp -a "${BUILD_DIR}/.heroku/deno-dir" "${OWN_CACHE}/deno-dir"
	else
		rm -f "${OWN_CACHE}/sum"
	fi
}

build::_fetch() {
	local status=0
	local -a options=()
	if [[ -f "${BUILD_DIR}/deno.lock" ]]; then options+=(--frozen); fi
	if [[ -n "${BUILD_ENTRY}" ]]; then options+=(--entrypoint "${BUILD_ENTRY}"); fi
	output::step "Running deno install ${options[*]}"
	build::_deno install "${options[@]}" || status=$?
	if [[ "${status}" -ne 0 ]]; then
		rm -f "${OWN_CACHE}/sum"
		build::_explain "the download of the modules"
	fi
}

# Without a name, it lists them.
build::_tasks() {
	build::_deno task >/dev/null || true
	sed -n -E 's/^- ([A-Za-z0-9:_-]+).*/\1/p' "${BUILD_LOG}" >"${WORK_DIR}/tasks"
}

build::has_task() {
	grep -q -x -- "$1" "${WORK_DIR}/tasks"
}

# Runs deno in the app, its words shown and kept in BUILD_LOG.
build::_deno() {
	(
		config_vars::export
		export DENO_DIR="${BUILD_DIR}/.heroku/deno-dir" DENO_NO_UPDATE_CHECK=1 DENO_NO_PROMPT=1 NO_COLOR=1 PATH="${BUILD_DIR}/.heroku/deno/bin:${PATH}"
		if [[ -r "${SSL_CERT_FILE:-}" ]]; then export DENO_CERT="${SSL_CERT_FILE}"; fi
		if [[ -n "${npm_config_registry:-}" ]]; then export NPM_CONFIG_REGISTRY="${npm_config_registry}"; fi
		cd "${BUILD_DIR}" || exit 1
		deno "$@"
	) 2>&1 </dev/null | tee "${BUILD_LOG}" | output::indent
}

# $1: what failed. Every way out of this function ends the build.
build::_explain() {
	local line
	set +e
	trap - ERR
	line="$(output::quoted "$(grep -E -m 1 -i 'error' "${BUILD_LOG}")")"
	if grep -q -i -E 'dns error|failed to lookup|connection refused|error sending request|fetch failed|timed out|Import .* failed' "${BUILD_LOG}"; then
		output::fail "build::download" <<<"Error: A module couldn't be downloaded.

$(output::quoted "$(grep -i -E -m 1 'dns error|failed to lookup|refused|error sending|fetch failed|timed out|Import .* failed' "${BUILD_LOG}")")

Push again. If it stays so, ask the operator of this platform whether builds reach that host; 'deno vendor' (\"vendor\": true in deno.json) brings the modules along in the repository."
	fi
	if grep -q -i -E 'lockfile is out of date|The lockfile' "${BUILD_LOG}"; then
		output::fail "build::lock-out-of-date" <<<"Error: deno.lock doesn't fit what the app imports.

${line}

'deno install' on your machine makes it anew; commit deno.lock."
	fi
	if grep -q -i -E 'Module not found|Cannot find module|Relative import path' "${BUILD_LOG}"; then
		output::fail "build::no-such-module" <<<"Error: A module can't be found.

${line}

Check its path, and the imports in deno.json."
	fi
	output::fail "build::failed" <<<"Error: $1 failed.

${line}

The same in a fresh clone on your machine shows it, too."
}
