#!/usr/bin/env bash
# Finds a JDK: the one of the last build, Eclipse Temurin, the machine's, the distribution's packages. When none of them has the
# version, the next later one does: it compiles and runs older programs.
# Sets JAVA_HOME, JDK_VERSION, and JDK_IN_SLUG: whether the app brings it along.

JDK_FOLDER="${OWN_CACHE}/jdk"
JDK_KEPT_S=$((7 * 24 * 3600))
# With long-term support, newest first. https://adoptium.net/support
JDK_LONG_TERM=(25 21 17 11 8)

jdk::obtain() {
	local source major
	local -a wanted
	if jdk::_cached; then
		output::step "Using JDK ${JDK_VERSION} of the last build"
	else
		JDK_TRIED=()
		if [[ -n "${JDK_MAJOR}" ]]; then wanted=("${JDK_MAJOR}"); else wanted=("${JDK_LONG_TERM[@]}"); fi
		if [[ -n "${JDK_MAJOR}" ]]; then
			# Then the later ones, from the next on.
			for ((major = JDK_LONG_TERM[${#JDK_LONG_TERM[@]} - 1]; major <= 40; major++)); do
				if [[ "${major}" -gt "${JDK_MAJOR}" ]]; then wanted+=("${major}"); fi
			done
		fi
		jdk::_find
	fi
	if [[ -n "${JDK_MAJOR}" && "${JDK_VERSION%%.*}" != "${JDK_MAJOR}" && "${JDK_VERSION}" != 1.8* ]]; then
		output::detail "${JDK_ORIGIN} asks for Java ${JDK_MAJOR}, which can't be had here; JDK ${JDK_VERSION} runs what was written for it."
	fi
	report::set jdk_version "${JDK_VERSION}"
	trust::prepare
}

jdk::_find() {
	local source major
	for major in "${wanted[@]}"; do
		for source in ${JAVA_BUILDPACK_SOURCES:-upstream machine distribution}; do
			if "jdk::_${source}" "${major}"; then
				report::set jdk_source "${source}"
				if [[ "${source}" != machine ]]; then printf '%s\n' "${JDK_MAJOR:-default}" >"${JDK_FOLDER}.request"; fi
				return 0
			fi
		done
	done
	jdk::_none
}

jdk::_cached() {
	if [[ ! -x "${JDK_FOLDER}/bin/javac" || ! -f "${JDK_FOLDER}.request" || "$(<"${JDK_FOLDER}.request")" != "${JDK_MAJOR:-default}" ]]; then return 1; fi
	if [[ -n "$(find "${JDK_FOLDER}.request" -mmin +$((JDK_KEPT_S / 60)))" ]]; then return 1; fi
	jdk::_use "${JDK_FOLDER}" yes
}

jdk::_use() {
	JAVA_HOME="$1" JDK_IN_SLUG="$2"
	JDK_VERSION="$("$1/bin/javac" -version 2>&1 | sed -n -E 's/^javac ([0-9][0-9._]*).*/\1/p' | head -n 1 || true)"
	[[ -n "${JDK_VERSION}" ]]
}

# https://api.adoptium.net/q/swagger-ui: the newest release of a version, with its SHA-256.
jdk::_upstream() {
	local api="${ADOPTIUM_API_URL:-https://api.adoptium.net/v3}" machine=x64 file="${WORK_DIR}/temurin.json" url sum
	# One that didn't answer is not asked about every version.
	if [[ -n "${JDK_UPSTREAM_GONE:-}" ]]; then return 1; fi
	if [[ "$(uname -m)" == aarch64 ]]; then machine=aarch64; fi
	if ! toolchain::get "${api%/}/assets/latest/$1/hotspot?architecture=${machine}&image_type=jdk&os=linux&vendor=eclipse" "${file}"; then
		JDK_TRIED+=("Eclipse Temurin $1: ${TOOLCHAIN_PROBLEM}")
		if [[ "${TOOLCHAIN_PROBLEM}" != *"doesn't have it"* ]]; then JDK_UPSTREAM_GONE=yes; fi
		return 1
	fi
	read -r sum url < <(tr -d '\n' <"${file}" | sed -n -E 's/.*"package": *\{[^}]*"checksum": *"([0-9a-f]{64})"[^}]*"link": *"([^"]+)".*/\1 \2/p' || true)
	if [[ -z "${url}" ]]; then
		JDK_TRIED+=("Eclipse Temurin: there is no $1")
		return 1
	fi
	output::step "Installing JDK $1 (Eclipse Temurin)"
	if ! toolchain::install "${url}" "sha256:${sum}" "${JDK_FOLDER}" --exclude='*/jmods' --exclude='*/src.zip' --exclude='*/man'; then
		JDK_TRIED+=("Eclipse Temurin $1: ${TOOLCHAIN_PROBLEM}")
		return 1
	fi
	jdk::_use "${JDK_FOLDER}" yes
}

jdk::_distribution() {
	local tree="${JDK_FOLDER}.tree" folder
	if [[ -n "${JDK_DISTRIBUTION_GONE:-}" ]]; then return 1; fi
	if ! debian::refresh; then
		JDK_DISTRIBUTION_GONE=yes
		JDK_TRIED+=("packages of the distribution: ${DEBIAN_PROBLEM}")
		return 1
	fi
	if [[ -z "$(debian::version "openjdk-$1-jdk-headless")" ]]; then return 1; fi
	output::step "Installing JDK $1 (of the distribution)"
	if ! debian::unpack "${tree}" "openjdk-$1-jdk-headless" "openjdk-$1-jre-headless"; then
		JDK_TRIED+=("packages of the distribution: ${DEBIAN_PROBLEM}")
		return 1
	fi
	rm -rf "${JDK_FOLDER}"
	for folder in "${tree}"/usr/lib/jvm/java-"$1"-openjdk-*; do
		# Its settings lie in /etc, to which links lead: they become files.
		rm -rf "${folder}/jmods" "${folder}/docs" "${folder}/man" "${folder}/lib/src.zip" "${folder}/src.zip"
		find "${folder}" -xtype l -delete
		cp -aL "${folder}" "${JDK_FOLDER}"
	done
	rm -rf "${tree}"
	jdk::_use "${JDK_FOLDER}" yes
}

jdk::_machine() {
	local folder
	for folder in /usr/lib/jvm/* /opt/java/* /opt/jdk*; do
		if [[ ! -x "${folder}/bin/javac" || ! -d "${folder}/conf" && ! -d "${folder}/jre" ]] || ! jdk::_use "$(readlink -f "${folder}")" no; then continue; fi
		if [[ "${JDK_VERSION%%.*}" == "$1" || ("$1" == 8 && "${JDK_VERSION}" == 1.8*) ]]; then
			output::step "Using JDK ${JDK_VERSION} (of this machine)"
			return 0
		fi
	done
	return 1
}

jdk::_none() {
	printf '%s\n' "Error: A JDK${JDK_MAJOR:+ for Java ${JDK_MAJOR}} can't be had on this machine." "" \
		"${JDK_ORIGIN:+${JDK_ORIGIN} asks for it. }What was tried:" "" "${JDK_TRIED[@]/#/    }" "    the machine: no JDK that fits in /usr/lib/jvm" "" \
		"The operator of this platform can install one (openjdk-${JDK_MAJOR:-21}-jdk-headless)," \
		"or name a mirror of Adoptium's API (ADOPTIUM_API_URL)." >"${WORK_DIR}/none"
	output::fail "jdk::not-available" <"${WORK_DIR}/none"
}
