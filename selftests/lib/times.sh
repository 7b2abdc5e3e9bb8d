# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Durations: wall time, and processor time, which the load of a machine hardly
# changes. Rows are collected in $times, a line 'MILLISECONDS PROCESSOR-MILLISECONDS WHERE
# NAME' each; at the end they become a table and a JSON file. Sourced by the runner.

times=''
ticks_per_second=$(getconf CLK_TCK)

now_ms() {
	echo $((${EPOCHREALTIME/[.,]/} / 1000))
}

# stat_of PID: the fields of /proc/PID/stat from the third on, zeros when it is gone
stat_of() {
	local line
	{ read -r line <"/proc/$1/stat"; } 2>/dev/null || line=') 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0'
	echo "${line##*) }"
}

# processor_ms PID: used by a process and by its children that have ended
processor_ms() {
	local fields
	read -ra fields <<<"$(stat_of "$1")"
	echo $(((fields[11] + fields[12] + fields[13] + fields[14]) * 1000 / ticks_per_second))
}

# age_ms PID: time since that process began
age_ms() {
	local fields up
	read -ra fields <<<"$(stat_of "$1")"
	read -r up _ </proc/uptime
	echo $((${up/./}0 - ${fields[19]:-0} * 1000 / ticks_per_second))
}

# times_add WALL PROCESSOR WHERE NAME
times_add() {
	echo "$*" >>"$times"
}

# times_table SECONDS: rows of at least SECONDS of either, the longest first, and sums
times_table() {
	sort -rn "$times" | awk -v least="$1" '
		BEGIN { printf "# %9s %9s\n# %9s %9s\n", "wall", "processor", "seconds", "seconds" }
		{
			wall[$3] += $1; processor[$3] += $2; rows[$3]++
			all += $2
			if ($1 >= least * 1000 || $2 >= least * 1000)
				printf "# %9.1f %9.1f  %s (%s)\n", $1 / 1000, $2 / 1000, $4, $3
		}
		END {
			print "# sums:"
			for (where in rows)
				printf "# %9.1f %9.1f  %s, %d rows\n", wall[where] / 1000,
					processor[where] / 1000, where, rows[where] | "sort -k2,2rn"
			close("sort -k2,2rn")
			printf "# %9s %9.1f  all\n", "", all / 1000
		}'
}

# times_json FILE NAME WALL JOBS: the same, for programs
times_json() {
	mkdir -p "${1%/*}"
	sort -rn "$times" | awk -v name="$2" -v wall="$3" -v jobs="$4" '
		{
			all += $2
			rows = rows sprintf("%s\n    { \"name\": \"%s\", \"where\": \"%s\", \"wall_s\": %.3f, \"processor_s\": %.3f }",
				NR > 1 ? "," : "", $4, $3, $1 / 1000, $2 / 1000)
		}
		END {
			printf "{\n  \"name\": \"%s\",\n  \"jobs\": %d,\n  \"wall_s\": %.3f,\n  \"processor_s\": %.3f,\n  \"rows\": [%s\n  ]\n}\n",
				name, jobs, wall / 1000, all / 1000, rows
		}' >"$1"
}
