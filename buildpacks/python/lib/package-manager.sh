#!/usr/bin/env bash
# How the app states its dependencies: sets PACKAGE_MANAGER to one of the names that lib/install-<name>.sh serves.
# A new package manager is a new file there, a new line in LOCK_FILES, and a case in bin/compile.

package_manager::choose() {
	local -a found=()
	local file
	local -A owners=([Pipfile.lock]=Pipenv [requirements.txt]=pip [poetry.lock]=Poetry [uv.lock]=uv)
	for file in Pipfile.lock requirements.txt poetry.lock uv.lock; do
		if [[ -f "${BUILD_DIR}/${file}" ]]; then found+=("${file}"); fi
	done

	if [[ "${#found[@]}" -gt 1 ]]; then
		output::fail "package-manager::multiple-found" <<-EOF
			Error: It isn't clear which package manager this app uses.

			These files each belong to a different one:

			$(for file in "${found[@]}"; do echo "    ${file} (${owners[${file}]})"; done)

			Keep the file of the package manager that you use, and delete
			the others, for example:

			    git rm ${found[0]}
		EOF
	fi

	case "${found[0]:-}" in
		requirements.txt) PACKAGE_MANAGER="pip" ;;
		Pipfile.lock) package_manager::fail_unsupported Pipfile.lock Pipenv "pipenv requirements > requirements.txt" Pipfile Pipfile.lock ;;
		poetry.lock) package_manager::fail_unsupported poetry.lock Poetry "poetry export --without-hashes -o requirements.txt" poetry.lock ;;
		uv.lock) package_manager::fail_unsupported uv.lock uv "uv export --no-dev --no-hashes --no-emit-project -o requirements.txt" uv.lock ;;
		*) package_manager::choose_without_lock ;;
	esac
	report::set package_manager "${PACKAGE_MANAGER}"
}

package_manager::choose_without_lock() {
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

	if [[ -f "${BUILD_DIR}/pdm.lock" ]]; then
		package_manager::fail_unsupported pdm.lock PDM "pdm export --prod --without-hashes -o requirements.txt" pdm.lock
	fi
	if [[ -f "${BUILD_DIR}/Pipfile" ]]; then
		package_manager::fail_unsupported Pipfile Pipenv "pipenv lock && pipenv requirements > requirements.txt" Pipfile
	fi

	case "${SURVEY_KIND}" in
		dependencies) PACKAGE_MANAGER="pip-dependencies" ;;
		project) PACKAGE_MANAGER="pip-project" ;;
		*) PACKAGE_MANAGER="none" ;;
	esac
}

# $1: the file found, $2: whose it is, $3: how to go on, the rest: what to remove.
package_manager::fail_unsupported() {
	local file="$1" owner="$2" export_command="$3"
	shift 3
	output::fail "package-manager::not-supported" <<-EOF
		Error: ${owner} isn't supported yet.

		The app has a ${file}, and no requirements.txt. This buildpack
		installs from requirements.txt, pyproject.toml or setup.py.

		Make a requirements.txt from your lock file, and push that instead:

		    ${export_command}
		    git rm --cached $*
		    git add requirements.txt
		    git commit -m "Add requirements.txt"
	EOF
}
