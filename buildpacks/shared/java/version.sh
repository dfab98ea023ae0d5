#!/usr/bin/env bash
# Which Java the app asks for, and where.

# Sets JDK_MAJOR (8, 11, 17 ...; nothing: the newest with long-term support) and JDK_ORIGIN.
version::find() {
	local value="" file line
	JDK_MAJOR="" JDK_ORIGIN=""
	value="$(version::property java.runtime.version)"
	if [[ -n "${value}" ]]; then JDK_ORIGIN=system.properties; fi
	for line in '.java-version:^([^[:space:]#]+).*' '.sdkmanrc:^java=([^[:space:]#]+).*' '.tool-versions:^java[[:space:]]+([^[:space:]#]+).*'; do
		file="${line%%:*}"
		if [[ -n "${value}" || ! -f "${BUILD_DIR}/${file}" ]]; then continue; fi
		value="$(tr -d '\r' <"${BUILD_DIR}/${file}" | sed -n -E "s/${line#*:}/\\1/p" | head -n 1 || true)"
		if [[ -n "${value}" ]]; then JDK_ORIGIN="${file}"; fi
	done
	if [[ -z "${value}" && -f "${BUILD_DIR}/pom.xml" ]]; then
		# What the compiler is told to make is the least that can run it.
		value="$(sed -n -E 's#.*<(maven\.compiler\.(release|target|source)|java\.version)>[[:space:]]*([0-9.]+)[[:space:]]*<.*#\3#p' "${BUILD_DIR}/pom.xml" | head -n 1 || true)"
		if [[ -n "${value}" ]]; then JDK_ORIGIN=pom.xml; fi
	fi
	for file in build.gradle.kts build.gradle; do
		if [[ -n "${value}" || ! -f "${BUILD_DIR}/${file}" ]]; then continue; fi
		value="$(sed -n -E -e 's/.*JavaLanguageVersion\.of\(([0-9]+)\).*/\1/p' -e 's/.*jvmToolchain\(([0-9]+)\).*/\1/p' -e 's/.*(source|target)Compatibility[[:space:]]*=[[:space:]]*.?(JavaVersion\.VERSION_)?([0-9._]+).*/\3/p' "${BUILD_DIR}/${file}" | head -n 1 || true)"
		value="${value//_/.}"
		if [[ -n "${value}" ]]; then JDK_ORIGIN="${file}"; fi
	done
	if [[ -z "${value}" ]]; then return 0; fi
	# `temurin-21.0.4+7`, `openjdk-17`, `zulu-11.0.2`, `21.0.4-tem`, `1.8.0_412`, `17`
	if [[ ! "${value}" =~ ^([a-z]+-)?(1\.)?([0-9]{1,2})([._+-].*)?$ ]]; then
		output::fail "version::invalid" <<-END
			Error: ${JDK_ORIGIN} asks for no version of Java.

			It says: $(output::quoted "${value}")

			Write a number, in system.properties:

			    java.runtime.version=21
		END
	fi
	JDK_MAJOR="${BASH_REMATCH[3]}"
	if [[ "${JDK_MAJOR}" -lt 8 ]]; then JDK_MAJOR=8; fi
}

# Prints the value of $1 in the app's system.properties.
version::property() {
	local name="${1//./\\.}"
	if [[ ! -f "${BUILD_DIR}/system.properties" ]]; then return 0; fi
	tr -d '\r' <"${BUILD_DIR}/system.properties" | sed -n -E "s/^[[:space:]]*${name}[[:space:]]*[=:][[:space:]]*([^[:space:]]+).*/\\1/p" | tail -n 1
}
