#!/usr/bin/env bash
# What starts an app that has no Procfile: what its framework packed into target/.

process_types::write() {
	local command
	rm -f "${BUILD_DIR}/.heroku/java-release.yml"
	command="$(process_types::_web)"
	if [[ -z "${command}" ]]; then
		if [[ ! -f "${BUILD_DIR}/Procfile" ]]; then
			output::step "No Procfile was found, and no jar that starts by itself. Add a line such as 'web: java -cp target/classes:target/dependency/* Main'"
		fi
		return 0
	fi
	mkdir -p "${BUILD_DIR}/.heroku"
	# shellcheck disable=SC2016 # The dyno's shell expands it.
	printf 'default_process_types:\n  web: "%s"\n' "${command}" >"${BUILD_DIR}/.heroku/java-release.yml"
	report::set default_web_process "${command}"
}

# shellcheck disable=SC2016 # The dyno's shell expands what is printed.
process_types::_web() {
	local file war
	cd "${BUILD_DIR}" || return 0
	if [[ -f target/quarkus-app/quarkus-run.jar ]]; then
		echo 'java -Dquarkus.http.host=0.0.0.0 -Dquarkus.http.port=$PORT $JAVA_OPTS -jar target/quarkus-app/quarkus-run.jar'
		return 0
	fi
	war="$(find target -maxdepth 1 -name '*.war' 2>/dev/null | LC_ALL=C sort | head -n 1 || true)"
	if [[ -f target/dependency/webapp-runner.jar && -n "${war}" ]]; then
		process_types::_plain "${war}" && echo "java \$JAVA_OPTS -jar target/dependency/webapp-runner.jar --port \$PORT ${war}"
		return 0
	fi
	while IFS= read -r file; do
		if ! process_types::_plain "${file}" || ! process_types::_starts "${file}"; then continue; fi
		case "$(cat pom.xml 2>/dev/null)" in
			*spring-boot*) echo "java -Dserver.port=\$PORT \$JAVA_OPTS -jar ${file}" ;;
			*micronaut*) echo "java -Dmicronaut.server.port=\$PORT \$JAVA_OPTS -jar ${file}" ;;
			*) echo "java \$JAVA_OPTS -jar ${file}" ;;
		esac
		return 0
	done < <(find target -maxdepth 1 \( -name '*.jar' -o -name '*.war' \) 2>/dev/null | grep -v -E -- '(-sources|-javadoc|-tests|-plain)\.jar$|/original-' | LC_ALL=C sort || true)
}

# Names that a shell takes for no more than a name.
process_types::_plain() {
	[[ "$1" =~ ^[A-Za-z0-9_./+-]+$ ]]
}

# Whether its manifest names a class to start.
process_types::_starts() {
	mkdir -p "${WORK_DIR}/manifest"
	(cd "${WORK_DIR}/manifest" && "${JAVA_HOME}/bin/jar" xf "${BUILD_DIR}/$1" META-INF/MANIFEST.MF 2>/dev/null && grep -q '^Main-Class:' META-INF/MANIFEST.MF)
}
