#!/usr/bin/env bash
# Whether anything changed that a compiler would read: the app's files and its config vars.

# Prints a sum over the names, modes and contents of all files in BUILD_DIR, over the config vars, and over $@.
source_hash::of() {
	{
		printf '%s\0' "$@"
		(cd "${BUILD_DIR}" && find . -name .git -prune -o ! -type d -printf '%p %m %l\0' | LC_ALL=C sort -z)
		(cd "${BUILD_DIR}" && find . -name .git -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum --zero)
		if [[ -d "${ENV_DIR}" ]]; then (cd "${ENV_DIR}" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum --zero); fi
	} | sha256sum | cut -c 1-64
}
