#!/usr/bin/env bash
# How the app states its dependencies: sets PACKAGE_MANAGER to what the survey has found, unless that isn't clear.

package_manager::choose() {
	local -a locks=()
	local file
	local -A owners=([Pipfile.lock]=Pipenv [requirements.txt]=pip [poetry.lock]=Poetry [uv.lock]=uv [pdm.lock]=PDM)
	for file in Pipfile.lock requirements.txt poetry.lock uv.lock pdm.lock; do
		if [[ -f "${BUILD_DIR}/${file}" ]]; then locks+=("${file}"); fi
	done
	# `pdm export` writes a requirements.txt for those who have no PDM; Heroku reads only that one.
	if [[ "${locks[*]}" == "requirements.txt pdm.lock" ]]; then
		output::step "There's a requirements.txt beside pdm.lock: using pip. To use PDM, delete requirements.txt"
		locks=(requirements.txt)
	fi

	if [[ "${#locks[@]}" -gt 1 ]]; then
		output::fail "package-manager::multiple-found" <<-EOF
			Error: It isn't clear which package manager this app uses.

			These files each belong to a different one:

			$(for file in "${locks[@]}"; do echo "    ${file} (${owners[${file}]})"; done)

			Keep the file of the package manager that you use, and delete
			the others, for example:

			    git rm ${locks[0]}
		EOF
	fi
	if [[ "${#locks[@]}" -eq 0 ]]; then package_manager::check_names; fi

	PACKAGE_MANAGER="${SURVEY_KIND}"
	case "${SURVEY_KIND}" in
		dependencies | project) PACKAGE_MANAGER="pip-${SURVEY_KIND}" ;;
		uv)
			if [[ -f "${BUILD_DIR}/runtime.txt" ]]; then package_manager::fail_runtime_txt; fi
			;;
	esac
	report::set package_manager "${PACKAGE_MANAGER}"
}

package_manager::check_names() {
	local file
	for file in requeriments.txt requirement.txt requirements requirements.text Requirements.txt requirements.txt.txt requirments.txt; do
		if [[ -f "${BUILD_DIR}/${file}" ]]; then
			output::fail "package-manager::misspelled" <<-EOF
				Error: The name of your requirements file is misspelt.

				There's a file named '${file}', which nothing reads.
				Rename it to 'requirements.txt' and push again:

				    git mv '${file}' requirements.txt
				    git commit -m "Rename the requirements file"
			EOF
		fi
	done
}

package_manager::fail_runtime_txt() {
	output::fail "runtime-txt::not-supported" <<-'EOF'
		Error: runtime.txt doesn't work together with uv.

		uv reads the Python version from .python-version and pyproject.toml
		only: with runtime.txt, your machine and this one would differ.

		Replace it, with the version that you use:

		    git rm runtime.txt
		    uv python pin 3.13
		    git add .python-version
	EOF
}
