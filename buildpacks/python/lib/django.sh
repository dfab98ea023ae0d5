#!/usr/bin/env bash
# Django's collectstatic, as Heroku does it.

django::collectstatic() {
	local manage log status
	if [[ ! -d "${SITE_PACKAGES}/django/core" ]]; then return 0; fi

	manage="manage.py"
	if [[ ! -f "${BUILD_DIR}/manage.py" || -L "${BUILD_DIR}/manage.py" ]]; then
		manage="$(django::_find_manage)"
	fi
	if [[ -z "${manage}" ]]; then
		report::set django_collectstatic no-manage-py
		output::step "Skipping Django collectstatic since no manage.py file was found."
		return 0
	fi
	if [[ "$(django::_setting DISABLE_COLLECTSTATIC)" != 0 || -f "${BUILD_DIR}/.heroku/collectstatic_disabled" ]]; then
		report::set django_collectstatic disabled
		output::step "Skipping Django collectstatic since the config var DISABLE_COLLECTSTATIC is set."
		return 0
	fi

	output::step "\$ python ${manage} collectstatic --noinput"
	log="${WORK_DIR}/collectstatic.log"
	status=0
	report::timed django_collectstatic django::_run "${manage}" "${log}" || status=$?
	if [[ "${status}" -eq 0 ]]; then
		report::set django_collectstatic collected
		return 0
	fi
	if grep -q "Unknown command: 'collectstatic'" "${log}"; then
		report::set django_collectstatic not-installed
		output::detail "Skipped: django.contrib.staticfiles isn't in INSTALLED_APPS."
		return 0
	fi
	django::_fail "${manage}" "${log}"
}

# The one that lies highest, in a folder or a folder's folder.
django::_find_manage() {
	cd "${BUILD_DIR}" && find . -maxdepth 3 -name manage.py -type f -not -path './.heroku/*' -printf '%d\t%P\n' | LC_ALL=C sort -n | head -n 1 | cut -f 2
}

django::_setting() {
	if [[ -f "${ENV_DIR}/$1" ]]; then
		local value
		value="$(<"${ENV_DIR}/$1")"
		echo "${value:-0}"
	else
		echo 0
	fi
}

# Config vars are there for this step only. Django lists each file it copies; the count at the end says it all.
django::_run() {
	(
		config_vars::export
		export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="${BUILD_DIR}"
		cd "${BUILD_DIR}" || exit 1
		"${PYTHON_HOME_AT_BUILD}/bin/python" "$1" collectstatic --noinput --traceback
	) 2>&1 </dev/null | tee "$2" | output::indent "" '/^(Copying|Post-processed|Deleting|$)/d'
}

django::_fail() {
	local manage="$1" log="$2" variable hint="The end of the Python traceback above names the cause."
	variable="$(sed -n -E "s/^KeyError: '([A-Z][A-Z0-9_]*)'\$/\1/p; s/.*[Ss]et the ([A-Z][A-Z0-9_]*) environment variable.*/\1/p" "${log}" | tail -n 1)"
	if grep -q 'STATIC_ROOT' "${log}"; then
		hint="Django doesn't know where to put the files. Add to your settings:

    STATIC_ROOT = BASE_DIR / \"staticfiles\""
	elif [[ -n "${variable}" ]]; then
		hint="Your settings read the config var ${variable}, which isn't set:

    heroku config:set ${variable}=..."
	elif grep -q "^ModuleNotFoundError: No module named" "${log}"; then
		hint="$(grep '^ModuleNotFoundError' "${log}" | tail -n 1 | cut -d ' ' -f 2-)
Is the package missing in your requirements file?"
	fi
	if [[ "$(django::_setting DEBUG_COLLECTSTATIC)" != 0 ]]; then
		output::step "Names of the variables that collectstatic saw (values are kept out of the log):"
		config_vars::find
		{
			printf '%s\n' "${CONFIG_VARS[@]}"
			compgen -e
		} | sort -u | output::indent
	fi
	output::fail "django::collectstatic" <<-EOF
		Error: Django's static files couldn't be collected.

		The command 'python ${manage} collectstatic --noinput' failed.
		${hint}

		If this app has no static files, switch the step off:

		    heroku config:set DISABLE_COLLECTSTATIC=1
	EOF
}
