#!/usr/bin/env bash
# environment.yml: what of it pip can install, as requirements.

conda::install() {
	local file="${WORK_DIR}/requirements/environment.yml" what value left_out="" hash="" empty="" editable="" install="" key problem=""
	mkdir -p "${WORK_DIR}/requirements"
	while IFS=$'\t' read -r what value; do
		case "${what}" in
			left-out) left_out="${value}" ;;
			unreadable) problem="${value}" ;;
			hash) hash="${value}" ;;
			empty) empty="${value}" ;;
			editable) editable="${value}" ;;
			install) install="${value}" ;;
			variable) export "${value}=$(<"${ENV_DIR}/${value}")" ;;
			missing) MISSING_VARIABLES+=("${value}") ;;
		esac
	done < <("${HELPER_PYTHON}" -I -S -B "${BUILDPACK_DIR}/lib/conda_requirements.py" "${BUILD_DIR}" "${file}" "${ENV_DIR}")
	if [[ -n "${problem}" ]]; then
		output::fail "conda::invalid" <<-EOF
			Error: environment.yml can't be understood.

			These of its dependencies are in no form that's known: $(pip_failure::_shown "${problem}")

			Write names with versions, such as 'flask=3.1', or what pip needs
			below '- pip:'. Or use a requirements.txt, which is read instead:

			    pip freeze > requirements.txt
		EOF
	fi
	if [[ -n "${left_out}" ]]; then
		output::warning <<-EOF
			Warning: Not all of environment.yml can be installed.

			conda isn't used here: packages come from the Python package index.
			These are no Python packages, and are left out:

			$(fold -s -w 60 <<<"${left_out}" | sed 's/^/    /')

			Where a Python package needs such a library, its wheel mostly brings
			it. For others, list Debian's packages in an Aptfile.
		EOF
	fi
	if [[ "${empty}" == yes ]]; then
		environment::create
		output::step "environment.yml names no Python packages: installing none"
		report::set cache_status unused
		return
	fi
	if [[ "${editable}" != no ]]; then HAS_EDITABLE="yes"; fi
	pip::obtain
	key="$(install::_key 'Python packages in environment.yml' "${hash}")"
	if cache::restore "${key}"; then
		environment::unsettle "${HAS_EDITABLE}"
		if [[ "${editable}" != always ]]; then
			output::step "Using cached install of environment.yml's packages: nothing that pip would read has changed"
			return
		fi
	else
		environment::create
		setuptools::provide
	fi
	output::step "Installing the Python packages of environment.yml using pip"
	install::_run "${key}" "${WORK_DIR}/requirements" -r "${install}"
}
