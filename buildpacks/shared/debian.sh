#!/usr/bin/env bash
# Packages of Debian (or whatever distribution with apt the machine has), unpacked into a folder of ours instead of installed.
# apt checks their signatures and sums, and leaves out what the machine has already.
#
#     debian::refresh                    asks what there is; once for a build, before the others
#     debian::version PACKAGE            the version that would come, or nothing
#     debian::versions PACKAGE...        `<package> <version>` of those that there are; each call takes apt a second or two
#     debian::unpack FOLDER PACKAGE...   FOLDER is whole or not there; libraries are in FOLDER/usr/lib/<triplet>
#
# DEBIAN_PROBLEM says in words why the last call failed. DEBIAN_EXTRA_SOURCES are lines of a sources.list, DEBIAN_EXTRA_ARCHIVES
# .deb files, both in addition; DEBIAN_LIST is the folder of the archives that came.

DEBIAN_PROBLEM=""
DEBIAN_STATE=""
DEBIAN_LIST="${WORK_DIR}/apt/unpacked"
DEBIAN_EXTRA_SOURCES=()
DEBIAN_EXTRA_ARCHIVES=()

# Lists of what there is, for this build only: they are large, and only a build without its toolchain asks for them.
debian::refresh() {
	if [[ -n "${DEBIAN_STATE}" ]]; then return 0; fi
	if ! type -P apt-get apt-cache dpkg >/dev/null || [[ ! -r /var/lib/dpkg/status ]]; then
		DEBIAN_PROBLEM="this machine has no apt"
		return 1
	fi
	DEBIAN_STATE="${WORK_DIR}/apt"
	mkdir -p "${DEBIAN_STATE}/lists/partial" "${DEBIAN_STATE}/cache/archives/partial" "${DEBIAN_STATE}/parts" "${DEBIAN_LIST}"
	cp /etc/apt/sources.list.d/* "${DEBIAN_STATE}/parts/" 2>/dev/null || true
	if [[ "${#DEBIAN_EXTRA_SOURCES[@]}" -gt 0 ]]; then printf '%s\n' "${DEBIAN_EXTRA_SOURCES[@]}" >"${DEBIAN_STATE}/parts/app.list"; fi
	if ! debian::_apt get update >"${WORK_DIR}/apt.log" 2>&1 || ! compgen -G "${DEBIAN_STATE}/lists/*_Packages*" >/dev/null; then
		DEBIAN_PROBLEM="the packages of this machine's distribution can't be reached"
		DEBIAN_STATE=""
		return 1
	fi
}

debian::_apt() {
	local command="$1"
	shift
	LC_ALL=C timeout 300 "apt-${command}" -q -o APT::Sandbox::User= -o Debug::NoLocking=1 -o APT::Install-Recommends=false \
		-o Dir::State="${DEBIAN_STATE}" -o Dir::State::status=/var/lib/dpkg/status -o Dir::Cache="${DEBIAN_STATE}/cache" \
		-o Dir::Etc::sourceparts="${DEBIAN_STATE}/parts" -o Acquire::Languages=none -o Acquire::http::Timeout=20 -o Acquire::Retries=2 "$@"
}

debian::version() {
	if [[ -z "${DEBIAN_STATE}" ]]; then return 0; fi
	debian::_apt cache policy "$1" 2>/dev/null | sed -n -E 's/^ *Candidate: ([0-9]+:)?([0-9].*)$/\2/p' | head -n 1
}

debian::versions() {
	if [[ -z "${DEBIAN_STATE}" ]]; then return 0; fi
	debian::_apt cache policy "$@" 2>/dev/null |
		sed -n -E -e '/^[^ ].*:$/{s/:$//;h}' -e '/^ *Candidate: [0-9]/{s/^ *Candidate: ([0-9]+:)?//;H;x;s/\n/ /;p}'
}

debian::unpack() {
	local folder="$1" part="$1.part" archive
	shift
	DEBIAN_PROBLEM=""
	debian::refresh || return 1
	if [[ $# -gt 0 ]] && ! debian::_apt get --yes --download-only --reinstall install "$@" >"${WORK_DIR}/apt.log" 2>&1; then
		DEBIAN_PROBLEM="apt can't get them: $(grep -m 1 '^E: ' "${WORK_DIR}/apt.log" || tail -n 1 "${WORK_DIR}/apt.log")"
		return 1
	fi
	rm -rf "${part}"
	mkdir -p "${part}"
	for archive in "${DEBIAN_STATE}"/cache/archives/*.deb "${DEBIAN_EXTRA_ARCHIVES[@]}"; do
		if [[ ! -f "${archive}" ]]; then continue; fi
		if ! dpkg -x "${archive}" "${part}" 2>"${WORK_DIR}/apt.log"; then
			DEBIAN_PROBLEM="${archive##*/} can't be unpacked: $(head -n 1 "${WORK_DIR}/apt.log")"
			rm -rf "${part}"
			return 1
		fi
		debian::_choose_alternatives "${archive}" "${part}"
		: >"${DEBIAN_LIST}/${archive##*/}"
		rm -f "${archive}"
	done
	# Where /bin is a link to /usr/bin, packages may have files in either.
	local name
	for name in bin sbin lib lib64; do
		if [[ -d "${part}/${name}" && ! -L "${part}/${name}" ]]; then
			mkdir -p "${part}/usr/${name}"
			cp -a "${part}/${name}/." "${part}/usr/${name}/"
			rm -rf "${part:?}/${name}"
		fi
	done
	rm -rf "${part}/usr/share/doc" "${part}/usr/share/man" "${part}/usr/share/locale" "${part}/usr/share/lintian"
	debian::_mend_links "${part}"
	rm -rf "${folder}"
	mkdir -p "${folder%/*}"
	mv "${part}" "${folder}"
}

# Nothing runs what a package does after it's installed. Of that, programs need the names that several packages may have:
# `update-alternatives --install /usr/bin/figlet figlet /usr/bin/figlet-figlet 50`.
debian::_choose_alternatives() {
	local link target
	rm -rf "${WORK_DIR}/control"
	dpkg -e "$1" "${WORK_DIR}/control" 2>/dev/null || return 0
	if [[ ! -f "${WORK_DIR}/control/postinst" ]]; then return 0; fi
	while read -r link target; do
		if [[ -e "$2${target}" && ! -e "$2${link}" && ! -L "$2${link}" ]]; then
			mkdir -p "$2${link%/*}"
			ln -s -r "$2${target}" "$2${link}"
		fi
	done < <(sed -e ':join;/\\$/{N;s/\\\n/ /;b join}' "${WORK_DIR}/control/postinst" | sed -n -E 's/.*--(install|slave) +(\/[^ ]+) +[^ ]+ +(\/[^ ]+).*/\2 \3/p' || true)
}

# `/usr/bin/x -> /etc/alternatives/x` and the like lead out of the folder: those that have a file in it lead there.
debian::_mend_links() {
	local link target
	while IFS= read -r -d '' link; do
		target="$(readlink "${link}")"
		if [[ -e "$1${target}" ]]; then ln -sfn -r "$1${target}" "${link}"; fi
	done < <(find "$1" -type l -lname '/*' -print0)
}

# Prints the folders of shared libraries below $1, with colons between them.
debian::libraries() {
	local folder found=""
	for folder in "$1"/usr/lib/*-linux-gnu* "$1"/usr/lib; do
		if [[ -d "${folder}" ]]; then found="${found:+${found}:}${folder}"; fi
	done
	printf '%s' "${found}"
}
