#!/usr/bin/env bash
# Maven: the app's wrapper, or a release of Maven Central with its SHA-512, or the machine's.

MAVEN_DEFAULT=3.9.11
MAVEN_CENTRAL="${MAVEN_CENTRAL_URL:-https://repo.maven.apache.org/maven2}"

# Sets MAVEN_COMMAND.
maven::obtain() {
	local version folder url sum
	if [[ -f "${BUILD_DIR}/mvnw" && -f "${BUILD_DIR}/.mvn/wrapper/maven-wrapper.properties" ]]; then
		chmod +x "${BUILD_DIR}/mvnw"
		MAVEN_COMMAND=./mvnw
		output::step "Using the Maven wrapper of the app"
		return 0
	fi
	version="$(version::property maven.version)"
	version="${version:-${MAVEN_DEFAULT}}"
	if [[ ! "${version}" =~ ^[34]\.[0-9]+\.[0-9]+(-[a-z0-9-]+)?$ ]]; then
		output::fail "maven::invalid-version" <<-END
			Error: system.properties asks for no version of Maven.

			Its line maven.version says: $(output::quoted "${version}")

			Write a release such as ${MAVEN_DEFAULT}.
		END
	fi
	folder="${OWN_CACHE}/maven-${version}"
	if [[ ! -x "${folder}/bin/mvn" ]]; then
		url="${MAVEN_CENTRAL%/}/org/apache/maven/apache-maven/${version}/apache-maven-${version}-bin.tar.gz"
		rm -rf "${OWN_CACHE}"/maven-*
		if toolchain::get "${url}.sha512" "${WORK_DIR}/maven.sha512"; then
			sum="$(grep -o -E -m 1 '[0-9a-f]{128}' "${WORK_DIR}/maven.sha512" || true)"
			output::step "Installing Maven ${version}"
			if toolchain::install "${url}" "sha512-$(printf '%b' "$(sed -E 's/(..)/\\x\1/g' <<<"${sum}")" | base64 -w 0)" "${folder}"; then :; fi
		fi
	fi
	if [[ -x "${folder}/bin/mvn" ]]; then
		MAVEN_COMMAND="${folder}/bin/mvn"
	elif type -P mvn >/dev/null && [[ -z "$(version::property maven.version)" ]]; then
		MAVEN_COMMAND="$(type -P mvn)"
		output::step "Using the Maven of this machine"
	else
		output::fail "maven::not-available" <<-END
			Error: Maven ${version} can't be had: ${TOOLCHAIN_PROBLEM}

			It's downloaded from Maven Central, as the app's dependencies are. Push again;
			if it stays so, ask the operator of this platform whether builds reach it.
		END
	fi
}

# Prints the options that name a settings.xml: the app's own one, one of its config vars, or none.
maven::settings() {
	local MAVEN_SETTINGS_PATH="" MAVEN_SETTINGS_URL=""
	config_vars::read MAVEN_SETTINGS_PATH
	config_vars::read MAVEN_SETTINGS_URL
	MAVEN_SETTINGS=()
	if [[ -n "${MAVEN_SETTINGS_PATH}" ]]; then
		if [[ ! -f "${BUILD_DIR}/${MAVEN_SETTINGS_PATH}" ]]; then
			output::fail "maven::no-settings" <<<"Error: There is no file ${MAVEN_SETTINGS_PATH} in the app.

The config var MAVEN_SETTINGS_PATH names it. Commit the file, or unset the config var."
		fi
		MAVEN_SETTINGS=(--settings "${BUILD_DIR}/${MAVEN_SETTINGS_PATH}")
	elif [[ -n "${MAVEN_SETTINGS_URL}" ]]; then
		if ! toolchain::get "${MAVEN_SETTINGS_URL}" "${WORK_DIR}/settings.xml"; then
			output::fail "maven::no-settings" <<<"Error: The settings.xml of MAVEN_SETTINGS_URL can't be had: ${TOOLCHAIN_PROBLEM}"
		fi
		MAVEN_SETTINGS=(--settings "${WORK_DIR}/settings.xml")
	elif [[ -f "${BUILD_DIR}/settings.xml" ]]; then
		MAVEN_SETTINGS=(--settings "${BUILD_DIR}/settings.xml")
	fi
}
