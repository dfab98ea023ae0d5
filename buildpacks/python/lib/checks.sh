#!/usr/bin/env bash
# Mistakes that are better named before anything is installed.

checks::python_not_in_source() {
	if [[ -e "${BUILD_DIR}/.heroku/python" || -L "${BUILD_DIR}/.heroku/python" ]]; then
		output::fail "python-in-app-source" <<-'EOF'
			Error: There's already a Python in the folder .heroku/python.

			Either that folder was committed to git by mistake. Then run:

			    git rm -r --cached .heroku
			    echo '.heroku/' >> .gitignore

			Or the Python buildpack is set twice for this app. See
			`heroku buildpacks`, and remove one with `heroku buildpacks:remove`.
		EOF
	fi
}

checks::no_venv_in_source() {
	local name
	for name in .venv venv env; do
		if [[ -f "${BUILD_DIR}/${name}/pyvenv.cfg" ]]; then
			output::fail "venv-in-app-source" <<-EOF
				Error: A virtual environment was committed to git.

				The folder '${name}/' is one. It only works on the machine that made
				it; here, packages are installed from your requirements file.

				Take it out of git (it stays on your disk), and push again:

				    git rm -r --cached ${name}
				    echo '${name}/' >> .gitignore
				    git commit -am "Remove the virtual environment"
			EOF
		fi
	done
}

# This buildpack writes into these two: through a link that would be elsewhere.
checks::own_folders() {
	local name
	for name in .heroku .profile.d; do
		if [[ -L "${BUILD_DIR}/${name}" || (-e "${BUILD_DIR}/${name}" && ! -d "${BUILD_DIR}/${name}") ]]; then
			output::fail "own-folder-in-app-source" <<-EOF
				Error: '${name}' in your app is not a folder.

				This buildpack writes files into a folder of that name, but your git
				repository has a link or a file there.

				Remove it and push again:

				    git rm --cached ${name}
				    git commit -m "Remove ${name}"
			EOF
		fi
	done
}
