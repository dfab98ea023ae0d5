#!/usr/bin/env bash
# Which extensions the app needs, and the packages that bring them.

# Those that most apps take for granted.
EXTENSIONS_USUAL=(bcmath curl gd intl mbstring mysql opcache pgsql sqlite3 xml zip)

# Sets EXTENSIONS: names of packages without `php8.2-`, or whole ones with `php-` (of which there is one for all versions).
extensions::find() {
	local name file
	local -A wanted=()
	for name in "${EXTENSIONS_USUAL[@]}"; do wanted["${name}"]=1; done
	for file in composer.json composer.lock; do
		if [[ ! -f "${BUILD_DIR}/${file}" ]]; then continue; fi
		while IFS= read -r name; do
			case "${name}" in
				mysqli | pdo_mysql | mysqlnd) wanted[mysql]=1 ;;
				pdo_pgsql) wanted[pgsql]=1 ;;
				pdo_sqlite) wanted[sqlite3]=1 ;;
				dom | simplexml | xmlreader | xmlwriter | xsl | libxml) wanted[xml]=1 ;;
				redis | memcached | memcache | imagick | apcu | amqp | mongodb | yaml | igbinary | msgpack | uuid | ast | ds | gnupg | http | mailparse | oauth | pcov | raphf | rdkafka | solr | ssh2 | zmq)
					wanted["php-${name}"]=1
					;;
				bz2 | dba | enchant | gmp | imap | interbase | ldap | odbc | pspell | readline | snmp | soap | sybase | tidy) wanted["${name}"]=1 ;;
				*) ;; # A part of every PHP, or one of the usual.
			esac
		done < <(grep -o -E '"ext-[a-zA-Z0-9_-]+"' "${BUILD_DIR}/${file}" | sed -E 's/"ext-(.*)"/\1/; s/-/_/g' | tr '[:upper:]' '[:lower:]' | sort -u || true)
	done
	mapfile -t EXTENSIONS < <(printf '%s\n' "${!wanted[@]}" | LC_ALL=C sort)
}
