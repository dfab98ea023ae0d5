#!/usr/bin/env bash
# What starts an app that has no Procfile: nginx and PHP-FPM on the folder that frameworks serve.

process_types::write() {
	local folder root=""
	for folder in public web; do
		if [[ -z "${root}" && -f "${BUILD_DIR}/${folder}/index.php" ]]; then root=" ${folder}/"; fi
	done
	if [[ -f "${BUILD_DIR}/index.php" && -z "${root}" ]]; then root=""; fi
	printf 'default_process_types:\n  web: "heroku-php-nginx%s"\n' "${root}" >"${BUILD_DIR}/.heroku/php-release.yml"
	report::set default_web_process "heroku-php-nginx${root}"
}
