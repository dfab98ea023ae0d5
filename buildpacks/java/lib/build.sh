#!/usr/bin/env bash
# Runs Maven, with the downloads of the last build; or takes what it left in the `target` folders when nothing has changed.

BUILD_LOG="${WORK_DIR}/maven.log"
BUILD_RESULTS="${OWN_CACHE}/targets"

build::run() {
	local sum MAVEN_CUSTOM_GOALS="clean install" MAVEN_CUSTOM_OPTS="-DskipTests" MAVEN_JAVA_OPTS=""
	local name
	for name in MAVEN_CUSTOM_GOALS MAVEN_CUSTOM_OPTS MAVEN_JAVA_OPTS; do config_vars::read "${name}"; done
	sum="$(source_hash::of "${JDK_VERSION}")"
	# Goals of the app's own may do anything.
	if [[ "${MAVEN_CUSTOM_GOALS}" == "clean install" && -f "${BUILD_RESULTS}/sum" && "$(<"${BUILD_RESULTS}/sum")" == "${sum}" ]]; then
		output::step "Nothing has changed since the last build: using what it made"
		cp -a "${BUILD_RESULTS}/app/." "${BUILD_DIR}/"
		return 0
	fi
	maven::obtain
	maven::settings
	build::_maven
	build::_keep "${sum}"
}

build::_maven() {
	local status=0
	local -a goals options
	read -r -a goals <<<"${MAVEN_CUSTOM_GOALS}"
	read -r -a options <<<"${MAVEN_CUSTOM_OPTS}"
	output::step "Running ${MAVEN_COMMAND##*/} ${options[*]} ${goals[*]}"
	(
		config_vars::export
		unset MAVEN_SETTINGS_URL JAVA_TOOL_OPTIONS JAVA_OPTS
		export JAVA_HOME PATH="${JAVA_HOME}/bin:${PATH}" MAVEN_USER_HOME="${OWN_CACHE}/wrapper"
		export MAVEN_OPTS="-Xmx1024m ${TRUST_OPTIONS} ${MAVEN_JAVA_OPTS}"
		cd "${BUILD_DIR}" || exit 1
		"${MAVEN_COMMAND}" --batch-mode --no-transfer-progress -Dmaven.repo.local="${OWN_CACHE}/repository" \
			-Dstyle.color=never "${MAVEN_SETTINGS[@]}" "${options[@]}" "${goals[@]}"
	) 2>&1 </dev/null | tee "${BUILD_LOG}" | output::indent || status=$?
	if [[ "${status}" -ne 0 ]]; then failure::explain; fi
}

# The `target` folders beside a pom.xml, without what only the compiler needs again.
build::_keep() {
	local pom folder part="${BUILD_RESULTS}.part"
	rm -rf "${part}" "${BUILD_RESULTS}"
	mkdir -p "${part}/app"
	while IFS= read -r -d '' pom; do
		folder="${pom%/pom.*}"
		if [[ -d "${folder}/target" && ! -L "${folder}/target" ]]; then
			rm -rf "${folder}"/target/{maven-status,surefire-reports,generated-test-sources,test-classes}
			mkdir -p "${part}/app/${folder#"${BUILD_DIR}"}"
			cp -a "${folder}/target" "${part}/app/${folder#"${BUILD_DIR}"}/"
		fi
	done < <(find "${BUILD_DIR}" -maxdepth 5 -name 'pom.*' -not -path '*/target/*' -print0)
	printf '%s\n' "$1" >"${part}/sum"
	mv "${part}" "${BUILD_RESULTS}"
	if [[ -d "${OWN_CACHE}/repository" && "$(du -sm "${OWN_CACHE}/repository" | cut -f 1)" -gt 2048 ]]; then
		output::step "The downloads of Maven take more than 2 GB: leaving them out of the cache"
		rm -rf "${OWN_CACHE}/repository"
	fi
}
