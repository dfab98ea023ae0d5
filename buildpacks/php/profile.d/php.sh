# shellcheck shell=bash
# The app's PHP, and the server commands that Procfiles name.
export PHP_HOME="${HOME}/.heroku/php"
export PATH="${PHP_HOME}/bin:${PHP_HOME}/usr/bin:${PHP_HOME}/usr/sbin:${PATH}" PHP_INI_SCAN_DIR="${PHP_HOME}/conf.d"
for php_libraries in "${PHP_HOME}"/usr/lib/*-linux-gnu*; do
	if [[ -d "${php_libraries}" ]]; then export LD_LIBRARY_PATH="${php_libraries}${LD_LIBRARY_PATH:+:${LD_LIBRARY_PATH}}"; fi
done
unset php_libraries
