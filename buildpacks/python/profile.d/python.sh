# shellcheck shell=bash
# The app's Python. Sourced by bash at the start of every dyno, after config vars are set.

# The slug is made for /app. Where a dyno's home is another folder, the few files that name /app are pointed there,
# each replaced as a whole, since several dynos may start from one folder.
if [[ "${HOME}" != /app && ! "${HOME}/.heroku/python" -ef /app/.heroku/python && -w "${HOME}/.heroku/python/bin" ]]; then
	grep -l -s -F -I -e '/app/.heroku/python' "${HOME}"/.heroku/python/bin/* "${HOME}/.heroku/python/pyvenv.cfg" |
		xargs -r -d '\n' sed -i -e "1,3s#/app/\.heroku/python#${HOME}/.heroku/python#"
	grep -l -s -F -I -e '/app' "${HOME}"/.heroku/python/lib/python3.*/site-packages/{*.pth,__editable__*} |
		xargs -r -d '\n' sed -i -E -e "s#(^|['\"])/app(/|['\"]|\$)#\1${HOME}\2#g"
fi

export PATH="${HOME}/.heroku/python/bin:${PATH}"
export PYTHONUNBUFFERED="${PYTHONUNBUFFERED:-true}"
export LANG="${LANG:-C.UTF-8}"
export PYTHONPATH="${PYTHONPATH:-${HOME}}"
export PIP_DISABLE_PIP_VERSION_CHECK=1
if [[ -d "${HOME}/.heroku/python/nltk_data" ]]; then export NLTK_DATA="${NLTK_DATA:-${HOME}/.heroku/python/nltk_data}"; fi
# It would keep the environment from finding its standard library.
unset PYTHONHOME
for python_libraries in "${HOME}"/.heroku/python/base/lib/*-linux-gnu*; do
	if [[ -d "${python_libraries}" ]]; then
		export LD_LIBRARY_PATH="${python_libraries}${LD_LIBRARY_PATH:+:${LD_LIBRARY_PATH}}"
	fi
done
unset python_libraries
