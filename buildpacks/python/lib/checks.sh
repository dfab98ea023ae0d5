#!/usr/bin/env bash
# Mistakes that are better named before anything is installed.

checks::python_not_in_source() {
	if [[ -e "${BUILD_DIR}/.heroku/python" ]]; then
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
