#!/usr/bin/env bash
# Runs Gradle, with the downloads and the build cache of the last build; or takes what it left in the `build` folders when nothing has changed.

BUILD_LOG="${WORK_DIR}/gradle.log"
BUILD_RESULTS="${OWN_CACHE}/builds"

build::run() {
	local sum GRADLE_TASK=""
	config_vars::read GRADLE_TASK
	sum="$(source_hash::of "${JDK_VERSION}")"
	if [[ -z "${GRADLE_TASK}" && -f "${BUILD_RESULTS}/sum" && "$(<"${BUILD_RESULTS}/sum")" == "${sum}" ]]; then
		output::step "Nothing has changed since the last build: using what it made"
		cp -a "${BUILD_RESULTS}/app/." "${BUILD_DIR}/"
		return 0
	fi
	distribution::obtain
	build::_gradle
	build::_keep "${sum}"
}

build::_gradle() {
	local status=0
	local -a task
	read -r -a task <<<"${GRADLE_TASK}"
	if [[ "${#task[@]}" -eq 0 ]]; then
		if build::_run tasks --all --quiet >"${WORK_DIR}/tasks" 2>&1 && grep -q -E '^ *stage( |$)' "${WORK_DIR}/tasks"; then
			task=(stage)
		else
			task=(build -x check -x test)
		fi
	fi
	output::step "Running gradle ${task[*]}"
	{ build::_run --console=plain "${task[@]}" 2>&1 | tee "${BUILD_LOG}" | output::indent; } || status=$?
	if [[ "${status}" -ne 0 ]]; then failure::explain; fi
}

# No daemon: it would be killed with the build.
build::_run() {
	(
		config_vars::export
		unset JAVA_TOOL_OPTIONS JAVA_OPTS
		export JAVA_HOME PATH="${JAVA_HOME}/bin:${PATH}" GRADLE_USER_HOME="${OWN_CACHE}/home"
		export GRADLE_OPTS="${TRUST_OPTIONS} ${GRADLE_OPTS:-}"
		cd "${BUILD_DIR}" || exit 1
		"${GRADLE_COMMAND}" --no-daemon --build-cache --project-cache-dir="${OWN_CACHE}/project" "$@"
	) </dev/null
}

build::_keep() {
	local folder part="${BUILD_RESULTS}.part"
	rm -rf "${part}" "${BUILD_RESULTS}"
	mkdir -p "${part}/app"
	while IFS= read -r -d '' folder; do
		if [[ ! -d "${folder}/libs" && ! -d "${folder}/install" && ! -d "${folder}/classes" && ! -d "${folder}/server" ]]; then continue; fi
		mkdir -p "${part}/app/${folder#"${BUILD_DIR}"}"
		cp -a "${folder}/." "${part}/app/${folder#"${BUILD_DIR}"}/"
	done < <(find "${BUILD_DIR}" -maxdepth 4 -type d -name build -not -path '*/node_modules/*' -print0)
	printf '%s\n' "$1" >"${part}/sum"
	mv "${part}" "${BUILD_RESULTS}"
	if [[ -d "${OWN_CACHE}/home" && "$(du -sm "${OWN_CACHE}/home" | cut -f 1)" -gt 2048 ]]; then
		output::step "The downloads of Gradle take more than 2 GB: leaving them out of the cache"
		rm -rf "${OWN_CACHE:?}/home"
	fi
}
