#!/usr/bin/env bash
# What dynos and later buildpacks get from this build.

profile::write() {
	local home="${JAVA_HOME}"
	mkdir -p "${BUILD_DIR}/.profile.d" "${BUILD_DIR}/.heroku"
	if [[ "${JDK_IN_SLUG}" == yes ]]; then
		rm -rf "${BUILD_DIR}/.jdk"
		cp -a "${JDK_FOLDER}" "${BUILD_DIR}/.jdk"
		home="\${HOME}/.jdk"
	fi
	{
		echo '# shellcheck shell=bash'
		printf 'export JAVA_HOME="%s"\n' "${home}"
		# shellcheck disable=SC2016 # The dyno's shell expands it.
		echo 'export PATH="${JAVA_HOME}/bin:${PATH}"'
	} >"${WORK_DIR}/java-home.sh"
	cp --remove-destination "${WORK_DIR}/java-home.sh" "${BUILD_DIR}/.profile.d/010_java-home.sh"
	cp --remove-destination "${JAVA_SHARED}"/profile.d/*.sh "${BUILD_DIR}/.profile.d/"
	if [[ -w "${BUILDPACK_DIR}" ]]; then
		# shellcheck disable=SC2016 # The shell of the next buildpack expands it.
		printf 'export JAVA_HOME=%q\nexport PATH="${JAVA_HOME}/bin:${PATH}"\n' "${JAVA_HOME}" >"${BUILDPACK_DIR}/export"
	fi
}
