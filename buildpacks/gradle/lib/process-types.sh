#!/usr/bin/env bash
# What starts an app that has no Procfile: what its framework packed into build/.

process_types::write() {
	local command
	rm -f "${BUILD_DIR}/.heroku/gradle-release.yml"
	command="$(process_types::_web)"
	if [[ -z "${command}" ]]; then
		if [[ ! -f "${BUILD_DIR}/Procfile" ]]; then
			output::step "No Procfile was found, and no jar that starts by itself. Add a line such as 'web: build/install/app/bin/app'"
		fi
		return 0
	fi
	mkdir -p "${BUILD_DIR}/.heroku"
	printf 'default_process_types:\n  web: "%s"\n' "${command}" >"${BUILD_DIR}/.heroku/gradle-release.yml"
	report::set default_web_process "${command}"
}

process_types::_web() {
	local file script
	cd "${BUILD_DIR}" || return 0
	# shellcheck disable=SC2016 # The dyno's shell expands what is printed.
	if [[ -f build/quarkus-app/quarkus-run.jar ]]; then
		echo 'java -Dquarkus.http.host=0.0.0.0 -Dquarkus.http.port=$PORT $JAVA_OPTS -jar build/quarkus-app/quarkus-run.jar'
		return 0
	fi
	script="$(cat build.gradle build.gradle.kts app/build.gradle app/build.gradle.kts 2>/dev/null || true)"
	while IFS= read -r file; do
		if [[ ! "${file}" =~ ^[A-Za-z0-9_./+-]+$ ]] || ! process_types::_starts "${file}"; then continue; fi
		case "${script}" in
			*org.springframework.boot*) echo "java -Dserver.port=\$PORT \$JAVA_OPTS -jar ${file}" ;;
			*micronaut*) echo "java -Dmicronaut.server.port=\$PORT \$JAVA_OPTS -jar ${file}" ;;
			*) echo "java \$JAVA_OPTS -jar ${file}" ;;
		esac
		return 0
	done < <(find build/libs app/build/libs -maxdepth 1 -name '*.jar' 2>/dev/null | grep -v -E -- '(-sources|-javadoc|-plain)\.jar$' | LC_ALL=C sort || true)
	for file in build/install/*/bin/* app/build/install/*/bin/*; do
		if [[ -x "${file}" && "${file}" != *.bat && "${file}" =~ ^[A-Za-z0-9_./+-]+$ ]]; then
			echo "${file}"
			return 0
		fi
	done
}

# Whether its manifest names a class to start.
process_types::_starts() {
	mkdir -p "${WORK_DIR}/manifest"
	(cd "${WORK_DIR}/manifest" && "${JAVA_HOME}/bin/jar" xf "${BUILD_DIR}/$1" META-INF/MANIFEST.MF 2>/dev/null && grep -q '^Main-Class:' META-INF/MANIFEST.MF)
}
