#!/usr/bin/env bash
# The Gradle that the app's wrapper names. https://docs.gradle.org/current/userguide/gradle_wrapper.html

# Sets GRADLE_COMMAND.
distribution::obtain() {
	local file="${BUILD_DIR}/gradle/wrapper/gradle-wrapper.properties" url sum name folder
	if [[ ! -f "${file}" ]]; then
		# A script of that name that is no wrapper does what the app wants it to do.
		if [[ -f "${BUILD_DIR}/gradlew" ]] && ! grep -q 'gradle-wrapper.jar' "${BUILD_DIR}/gradlew"; then
			chmod +x "${BUILD_DIR}/gradlew"
			GRADLE_COMMAND=./gradlew
			return 0
		fi
		output::fail "wrapper::missing" <<-'END'
			Error: The Gradle wrapper is missing.

			gradle/wrapper/gradle-wrapper.properties says which Gradle builds the app. On your
			machine, in the root folder of the app:

			    gradle wrapper
			    git add gradlew gradlew.bat gradle/wrapper
			    git commit -m "Add the Gradle wrapper"

			Is the file there, check that .gitignore doesn't name it.
		END
	fi
	url="$(tr -d '\r' <"${file}" | sed -n -E 's/^[[:space:]]*distributionUrl[[:space:]]*=[[:space:]]*(.*[^[:space:]])[[:space:]]*$/\1/p' | sed 's/\\:/:/g' | tail -n 1 || true)"
	sum="$(tr -d '\r' <"${file}" | sed -n -E 's/^[[:space:]]*distributionSha256Sum[[:space:]]*=[[:space:]]*([0-9a-f]{64}).*/\1/p' | tail -n 1 || true)"
	name="${url##*/}"
	if [[ ! "${url}" =~ ^https?:// || ! "${name}" =~ ^gradle-[0-9A-Za-z.+-]+\.zip$ ]]; then
		output::fail "wrapper::invalid" <<-END
			Error: The Gradle wrapper names no distribution.

			distributionUrl in gradle/wrapper/gradle-wrapper.properties says: $(output::quoted "${url:-nothing}")

			'gradle wrapper --gradle-version 9.0.0' writes it anew.
		END
	fi
	folder="${OWN_CACHE}/distribution"
	if [[ ! -x "${folder}/bin/gradle" || ! -f "${folder}.url" || "$(<"${folder}.url")" != "${url}" ]]; then
		output::step "Installing ${name%.zip}"
		if ! distribution::_install "${url}" "${sum}" "${folder}"; then
			output::fail "wrapper::not-available" <<-END
				Error: ${name%.zip} can't be had: ${TOOLCHAIN_PROBLEM}

				The wrapper of the app names ${url%/*}/ as its place. Push again; if it stays so,
				the operator of this platform can provide it there: GRADLE_DISTRIBUTIONS_URL in
				the server's environment names another place, HOKKU_MIRROR a folder.
			END
		fi
		printf '%s\n' "${url}" >"${folder}.url"
	fi
	GRADLE_COMMAND="${folder}/bin/gradle"
}

# $1: where it is, $2: its SHA-256 or nothing, $3: the folder that it becomes.
distribution::_install() {
	local url="$1" sum="$2" archive="${WORK_DIR}/gradle.zip" part="$3.part"
	# The archives of all releases lie in one folder, and so they do on a mirror.
	if [[ -n "${GRADLE_DISTRIBUTIONS_URL:-}" && "${url}" == https://services.gradle.org/distributions/* ]]; then url="${GRADLE_DISTRIBUTIONS_URL%/}/${url##*/}"; fi
	if [[ -z "${sum}" ]]; then
		if ! toolchain::get "${url}.sha256" "${WORK_DIR}/gradle.sha256"; then return 1; fi
		sum="$(grep -o -E -m 1 '[0-9a-f]{64}' "${WORK_DIR}/gradle.sha256" || true)"
	fi
	if ! toolchain::get "${url}" "${archive}" --max-time 300; then return 1; fi
	if ! toolchain::_matches "${archive}" "sha256:${sum}"; then
		TOOLCHAIN_PROBLEM="what came isn't what was promised: the checksum is wrong"
		return 1
	fi
	rm -rf "${part}"
	mkdir -p "${part}"
	if ! (cd "${part}" && "${JAVA_HOME}/bin/jar" xf "${archive}" 2>"${WORK_DIR}/unzip.log"); then
		TOOLCHAIN_PROBLEM="it couldn't be unpacked: $(head -n 1 "${WORK_DIR}/unzip.log")"
		return 1
	fi
	rm -rf "$3"
	mv "${part}"/gradle-* "$3"
	rm -rf "${part}" "${archive}"
	chmod +x "$3/bin/gradle"
}
