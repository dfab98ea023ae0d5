#!/usr/bin/env bash
# Installs what composer.lock names into vendor/; what the last build installed is used when nothing has changed.

COMPOSER_LOG="${WORK_DIR}/composer.log"

# Whether the app has dependencies that it doesn't bring along.
composer::is_needed() {
	[[ -f "${BUILD_DIR}/composer.json" && ! -f "${BUILD_DIR}/vendor/autoload.php" ]] && {
		[[ -f "${BUILD_DIR}/composer.lock" ]] || grep -q -E '"(require|autoload)"[[:space:]]*:' "${BUILD_DIR}/composer.json"
	}
}

composer::install() {
	local sum status=0
	local -a options=(--no-dev --prefer-dist --optimize-autoloader --no-interaction --no-progress --no-ansi)
	if ! composer::is_needed; then return 0; fi
	if [[ ! -f "${BUILD_DIR}/composer.lock" ]] && composer::_has_packages; then
		output::fail "composer::no-lock" <<-'END'
			Error: There's no composer.lock.

			composer.json names packages, but not which versions were tried together. On your
			machine:

			    composer update
			    git add composer.json composer.lock
			    git commit -m "Lock the versions of packages"

			Is the file there, check that .gitignore doesn't name it.
		END
	fi
	sum="$({
		printf '%s\n' "${PHP_VERSION}"
		cat "${BUILD_DIR}/composer.json" "${BUILD_DIR}/composer.lock" 2>/dev/null || true
	} | sha256sum)"
	if [[ -d "${OWN_CACHE}/vendor" && -f "${OWN_CACHE}/vendor.sum" && "$(<"${OWN_CACHE}/vendor.sum")" == "${sum}" ]]; then
		output::step "Using the packages of the last build"
		cp -a "${OWN_CACHE}/vendor" "${BUILD_DIR}/vendor"
		# Which classes there are may have changed with the app.
		composer::_run dump-autoload --no-dev --optimize --no-interaction --no-scripts || status=$?
	else
		output::step "Running composer install ${options[*]}"
		composer::_run install "${options[@]}" || status=$?
	fi
	if [[ "${status}" -ne 0 ]]; then composer::_explain; fi
	rm -rf "${OWN_CACHE}/vendor" "${OWN_CACHE}/vendor.sum"
	if [[ -d "${BUILD_DIR}/vendor" ]]; then
		cp -a "${BUILD_DIR}/vendor" "${OWN_CACHE}/vendor"
		printf '%s\n' "${sum}" >"${OWN_CACHE}/vendor.sum"
	fi
}

# Other than PHP itself and its extensions.
composer::_has_packages() {
	tr -d '\n' <"${BUILD_DIR}/composer.json" | grep -o -E '"require"[[:space:]]*:[[:space:]]*\{[^}]*\}' | grep -q -E '"[^"/]+/[^"]+"[[:space:]]*:'
}

composer::_run() {
	(
		config_vars::export
		export COMPOSER_HOME="${OWN_CACHE}/composer" COMPOSER_CACHE_DIR="${OWN_CACHE}/composer-cache" COMPOSER_ALLOW_SUPERUSER=1 COMPOSER_PROCESS_TIMEOUT=600
		if [[ -r "${SSL_CERT_FILE:-}" ]]; then export COMPOSER_CAFILE="${SSL_CERT_FILE}"; fi
		cd "${BUILD_DIR}" || exit 1
		interpreter::php "${PHP_HOME}/usr/bin/composer" "$@"
	) 2>&1 </dev/null | tee "${COMPOSER_LOG}" | output::indent
}

composer::_has() {
	grep -q -i -E -- "$1" "${COMPOSER_LOG}"
}

composer::_line() {
	output::quoted "$(grep -i -E -m 1 -- "$1" "${COMPOSER_LOG}" | sed -E 's/^ *//' || true)"
}

# Every way out of this function ends the build.
composer::_explain() {
	set +e
	trap - ERR
	if composer::_has 'Could not resolve host|curl error|failed to open stream|Connection (refused|timed out)|could not be downloaded'; then
		output::fail "composer::download" <<<"Error: A package couldn't be downloaded.

$(composer::_line 'Could not resolve host|curl error|failed to open stream|Connection|could not be downloaded')

Push again. If it stays so, ask the operator of this platform whether builds reach that
host. An app that commits its vendor/ folder needs no download."
	fi
	if composer::_has 'lock file is not up to date|not present in the lock file'; then
		output::fail "composer::lock-out-of-date" <<<"Error: composer.lock doesn't fit composer.json.

Run 'composer update --lock' on your machine, and commit composer.lock."
	fi
	if composer::_has 'Your requirements could not be resolved|requires (php|ext-)|is missing from your system'; then
		output::fail "composer::platform" <<<"Error: A package needs another PHP, or an extension that isn't there.

$(composer::_line 'requires (php|ext-)|is missing from your system')

The app gets PHP ${PHP_VERSION}. Extensions that composer.json requires (\"ext-gmp\": \"*\") are installed."
	fi
	if composer::_has 'does not contain valid JSON|Parse error on line|is invalid, JSON'; then
		output::fail "composer::invalid-json" <<<"Error: composer.json can't be read.

$(composer::_line 'Parse error|valid JSON|invalid')"
	fi
	output::fail "composer::failed" <<<"Error: composer stopped with an error; the last lines above say which.

Try the same in a fresh clone on your machine: composer install --no-dev"
}
