# shellcheck shell=bash
# Databases as Java wants them: JDBC_DATABASE_URL, _USERNAME and _PASSWORD of every *_URL of PostgreSQL or MySQL, and Spring's own
# variables of DATABASE_URL. https://devcenter.heroku.com/articles/connecting-to-relational-databases-on-heroku-with-java

jdbc_export() {
	local name="$1" prefix="$2" url="${!1}" kind user password place
	if [[ ! "${url}" =~ ^(postgres|postgresql|mysql)://(([^:@/]*)(:([^@/]*))?@)?([^?]+)(\?(.*))?$ ]]; then return 0; fi
	kind="${BASH_REMATCH[1]}" user="${BASH_REMATCH[3]}" password="${BASH_REMATCH[5]}" place="${BASH_REMATCH[6]}"
	local query="${BASH_REMATCH[8]}"
	if [[ "${kind}" == mysql ]]; then kind=mysql; else kind=postgresql; fi
	query="user=${user}&password=${password}${query:+&${query}}"
	if [[ -n "${user}" ]]; then place+="?${query}"; elif [[ -n "${BASH_REMATCH[8]}" ]]; then place+="?${BASH_REMATCH[8]}"; fi
	export "${prefix}_URL=jdbc:${kind}://${place}" "${prefix}_USERNAME=${user}" "${prefix}_PASSWORD=${password}"
}

jdbc_export_all() {
	local name
	for name in $(compgen -e); do
		if [[ "${name}" == *_URL && "${name}" != JDBC_* && "${name}" != SPRING_* && -z "$(eval "printf '%s' \"\${JDBC_${name}:-}\"")" ]]; then
			jdbc_export "${name}" "JDBC_${name%_URL}"
		fi
	done
	if [[ -n "${JDBC_DATABASE_URL:-}" && -z "${SPRING_DATASOURCE_URL:-}" && "${DISABLE_SPRING_DATASOURCE_URL:-}" != true ]]; then
		export SPRING_DATASOURCE_URL="${JDBC_DATABASE_URL}" SPRING_DATASOURCE_USERNAME="${JDBC_DATABASE_USERNAME:-}" SPRING_DATASOURCE_PASSWORD="${JDBC_DATABASE_PASSWORD:-}"
	fi
}
jdbc_export_all
unset -f jdbc_export jdbc_export_all
