#!/usr/bin/env bash
# PHP, PHP-FPM and nginx of the distribution's packages, in .heroku/php.

INTERPRETER_TREE="${OWN_CACHE}/tree"
# For this long a version is not asked for again.
INTERPRETER_KEPT_MINUTES=$((7 * 24 * 60))

# Sets PHP_VERSION (8.2.30), PHP_SERIES (8.2) and PHP_HOME.
interpreter::obtain() {
	local composer="" request
	if composer::is_needed; then composer=composer; fi
	request="${EXTENSIONS[*]} ${composer}"
	PHP_HOME="${BUILD_DIR}/.heroku/php"
	if [[ -d "${INTERPRETER_TREE}" && -f "${INTERPRETER_TREE}.request" && "$(<"${INTERPRETER_TREE}.request")" == "${request}" && -z "$(find "${INTERPRETER_TREE}.request" -mmin "+${INTERPRETER_KEPT_MINUTES}")" ]]; then
		interpreter::_place
		output::step "Using PHP ${PHP_VERSION} of the last build"
	else
		interpreter::_install "${composer}"
		printf '%s\n' "${request}" >"${INTERPRETER_TREE}.request"
		interpreter::_place
	fi
	interpreter::_check_version
	report::set php_version "${PHP_VERSION}"
}

interpreter::_install() {
	local series version name
	local -a packages
	if ! debian::refresh; then
		# What ran a week ago still runs.
		if [[ -d "${INTERPRETER_TREE}" && -f "${INTERPRETER_TREE}.request" && "$(<"${INTERPRETER_TREE}.request")" == "${EXTENSIONS[*]} $1" ]]; then
			output::detail "It wasn't asked whether there is a newer PHP: ${DEBIAN_PROBLEM}"
			return 0
		fi
		interpreter::_none "${DEBIAN_PROBLEM}"
	fi
	for series in 8.5 8.4 8.3 8.2 8.1 7.4; do
		version="$(debian::version "php${series}-fpm")"
		if [[ -n "${version}" ]]; then break; fi
	done
	if [[ -z "${version}" ]]; then interpreter::_none "the packages of this machine's distribution have no PHP"; fi
	packages=("php${series}-cli" "php${series}-fpm" "php${series}-common" nginx-light)
	for name in "${EXTENSIONS[@]}"; do
		if [[ "${name}" != php-* ]]; then name="php${series}-${name}"; fi
		if [[ -n "$(debian::version "${name}")" ]]; then packages+=("${name}"); else output::detail "The distribution has no package ${name}"; fi
	done
	output::step "Installing PHP ${version%%[-+~]*} and nginx (of the distribution)"
	if ! debian::unpack "${INTERPRETER_TREE}" "${packages[@]}" ${1:+"$1"}; then interpreter::_none "${DEBIAN_PROBLEM}"; fi
	interpreter::_settle "${series}"
}

# What an installation would write: which modules are on, where they are.
interpreter::_settle() {
	local file name priority folder
	printf '%s\n' "$1" >"${INTERPRETER_TREE}/series"
	mkdir -p "${INTERPRETER_TREE}/conf.d"
	folder="$(find "${INTERPRETER_TREE}/usr/lib/php" -maxdepth 1 -name '20*' -printf 'usr/lib/php/%f' -quit)"
	{
		# PHP puts the values of variables in: the folder is another one while the app is built.
		# shellcheck disable=SC2016
		printf 'extension_dir = "${PHP_HOME}/%s"\n' "${folder}"
		cat "${BUILDPACK_DIR}/runtime/php.ini"
	} >"${INTERPRETER_TREE}/conf.d/00-hokku.ini"
	for file in "${INTERPRETER_TREE}"/etc/php/*/mods-available/*.ini "${INTERPRETER_TREE}"/usr/share/php*/*/*.ini; do
		if [[ ! -f "${file}" ]]; then continue; fi
		name="${file##*/}"
		priority="$(sed -n -E 's/^; *priority *= *([0-9]+).*/\1/p' "${file}" | head -n 1)"
		cp "${file}" "${INTERPRETER_TREE}/conf.d/${priority:-20}-${name}"
	done
	rm -rf "${INTERPRETER_TREE}/etc/php" "${INTERPRETER_TREE:?}/var" "${INTERPRETER_TREE}/usr/share/bash-completion" "${INTERPRETER_TREE}/usr/share/bug"
	ln -sfn "php$1" "${INTERPRETER_TREE}/usr/bin/php"
}

interpreter::_place() {
	rm -rf "${PHP_HOME}"
	mkdir -p "${PHP_HOME%/*}"
	cp -a "${INTERPRETER_TREE}" "${PHP_HOME}"
	mkdir -p "${PHP_HOME}/bin"
	cp "${BUILDPACK_DIR}"/runtime/heroku-php-nginx "${PHP_HOME}/bin/"
	ln -sfn heroku-php-nginx "${PHP_HOME}/bin/heroku-php-apache2"
	chmod 755 "${PHP_HOME}/bin/heroku-php-nginx"
	PHP_SERIES="$(<"${PHP_HOME}/series")"
	PHP_VERSION="$(interpreter::php -r 'echo PHP_VERSION;' 2>"${WORK_DIR}/php.log" || true)"
	if [[ ! "${PHP_VERSION}" =~ ^[0-9]+\.[0-9]+ ]]; then
		rm -rf "${INTERPRETER_TREE}" "${INTERPRETER_TREE}.request"
		interpreter::_none "it doesn't run here: $(head -n 1 "${WORK_DIR}/php.log")"
	fi
}

# Runs the app's PHP with these arguments.
interpreter::php() {
	env PHP_HOME="${PHP_HOME}" PHP_INI_SCAN_DIR="${PHP_HOME}/conf.d" LD_LIBRARY_PATH="$(debian::libraries "${PHP_HOME}")" \
		"${PHP_HOME}/usr/bin/php" -d include_path=".:${PHP_HOME}/usr/share/php" "$@"
}

# Constraints are Composer's business; that an app is for another PHP altogether is said before.
interpreter::_check_version() {
	local wanted
	if [[ ! -f "${BUILD_DIR}/composer.json" ]]; then return 0; fi
	wanted="$(tr -d '\n' <"${BUILD_DIR}/composer.json" | sed -n -E 's/.*"require"[[:space:]]*:[[:space:]]*\{[^}]*"php"[[:space:]]*:[[:space:]]*"([^"]+)".*/\1/p' || true)"
	if [[ -z "${wanted}" ]]; then return 0; fi
	# A helper of Composer judges ranges; without it, what names one series alone is compared.
	if [[ "${wanted}" =~ ^[~^=]?([0-9]+)(\.([0-9]+))?(\.[0-9*]+)?$ && ("${BASH_REMATCH[1]}" != "${PHP_VERSION%%.*}" || "${BASH_REMATCH[3]:-0}" -gt "$(cut -d . -f 2 <<<"${PHP_VERSION}")") ]]; then
		output::fail "interpreter::version" <<-END
			Error: The app wants another PHP than ${PHP_VERSION}.

			"php" in the "require" of composer.json says: $(output::quoted "${wanted}")

			This machine's distribution has PHP ${PHP_SERIES} alone. Let the app allow it
			("php": ">=${PHP_SERIES}"), run 'composer update --lock' and commit both files.
		END
	fi
}

interpreter::_none() {
	output::fail "interpreter::not-available" <<-END
		Error: PHP can't be had: $1.

		It comes from the packages of this machine's distribution. Push again; if it stays
		so, tell the operator of this platform: apt has to work in builds.
	END
}
