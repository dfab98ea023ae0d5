#!/usr/bin/env bash
# NLTK's corpora, which nltk.txt names: into the slug, and kept in the cache for as long as the list is the same.

nltk::download() {
	local list="${BUILD_DIR}/nltk.txt" folder="${PYTHON_IN_BUILD}/nltk_data" cached="${CACHE_DIR}/python/nltk_data" key
	local -a names=() options=()
	if [[ ! -d "${SITE_PACKAGES}/nltk" ]]; then return 0; fi
	if [[ ! -f "${list}" ]]; then
		output::step "NLTK is installed, and no nltk.txt names corpora for it: downloading none"
		return 0
	fi
	read -r -d '' -a names < <(sed -e 's/#.*//' "${list}" | tr -d '\r') || true
	if [[ "${#names[@]}" -eq 0 ]]; then return 0; fi
	key="${names[*]}"
	if [[ -d "${cached}" && "$(cat "${cached}.key" 2>/dev/null)" == "${key}" ]]; then
		output::step "Using cached NLTK corpora: ${key}"
		cache::_link "${cached}" "${folder}"
		return 0
	fi
	if [[ -n "${NLTK_DATA_INDEX:-}" ]]; then options=(-u "${NLTK_DATA_INDEX}"); fi
	output::step "Downloading NLTK corpora: ${key}"
	rm -rf "${folder}" "${cached}" "${cached}.key"
	if ! "${PYTHON_HOME_AT_BUILD}/bin/python" -m nltk.downloader "${options[@]}" -d "${folder}" "${names[@]}" 2>&1 </dev/null | output::indent ||
		[[ -z "$(ls -A "${folder}" 2>/dev/null)" ]]; then
		output::fail "nltk::download" <<-EOF
			Error: NLTK's corpora couldn't be downloaded.

			nltk.txt names: ${key}

			The reason is in the lines above: a misspelt name, or the place that
			they come from (raw.githubusercontent.com) can't be reached from here.
			An operator can name another one (NLTK_DATA_INDEX).
		EOF
	fi
	cache::_link "${folder}" "${cached}"
	printf '%s' "${key}" >"${cached}.key"
}
