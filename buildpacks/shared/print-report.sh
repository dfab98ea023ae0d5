#!/usr/bin/env bash
# The whole of a bin/report: `source ../shared/print-report.sh FILE` prints the facts of report.sh as flat JSON.

print_report::quoted() {
	local text="${1//\\/\\\\}"
	text="${text//\"/\\\"}"
	QUOTED="\"${text//[$'\001'-$'\037']/ }\""
}

# Values are short texts, whole numbers or true/false; the last value of a key wins, keys keep their first order.
print_report::print() {
	local key value json=""
	local -a keys=()
	local -A values=()
	if [[ ! -s "$1" ]]; then
		echo '{}'
		return
	fi
	while IFS=$'\t' read -r key value; do
		if [[ -z "${key}" ]]; then continue; fi
		if [[ -z "${values["${key}"]+set}" ]]; then keys+=("${key}"); fi
		values["${key}"]="${value}"
	done <"$1"
	for key in "${keys[@]}"; do
		value="${values["${key}"]}"
		print_report::quoted "${key}"
		json+="${json:+,}${QUOTED}:"
		if [[ ! "${value}" =~ ^(true|false|0|[1-9][0-9]{0,14})$ ]]; then
			print_report::quoted "${value}"
			value="${QUOTED}"
		fi
		json+="${value}"
	done
	echo "{${json}}"
}

print_report::print "$1"
