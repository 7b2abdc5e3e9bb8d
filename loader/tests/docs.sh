#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The tables of commands and options, the man page and the completion say the
# same. Runs on the host.
cd "$(dirname "$0")/../.." || exit 1
. selftests/lib/ktap.sh
PATH=$(realpath "${BUILD:-build}/bin"):$PATH
man=docs/man/bxctl.8
# shellcheck source=loader/bxctl.bash-completion
. loader/bxctl.bash-completion

# The second word of a command is in lower case, and not a list of words as of 'mode'.
command_words='\([a-z]*\( [a-z]\+\>[^|]\)\?\).*'

commands_in_help() {
	bxctl help | sed -n "/^Commands:/,/^\$/s/^  $command_words/\1/p" | sed 's/ $//'
}

# options_in_help COMMAND: long options, without the common ones
options_in_help() {
	comm -23 <(bxctl help "$1" | grep -o '^  .....*--[a-z-]*' |
		grep -o -e '--.*' | sort) <(common_options | sort)
}

common_options() {
	bxctl help | sed -n '/^Options/,/^$/p' | grep -o -e '--[a-z-]*'
}

# A command has a section of the man page:
#	.It Cm apply Oo Fl -timeout Ar SECONDS Oc Ar FILE | DIR
commands_in_man() {
	sed -n "s/^\.It Cm $command_words/\1/p" "$man" | sed 's/ $//'
}

options_in_man() {
	grep "^\.It Cm $1\( \|$\)" "$man" | grep -o 'Fl -[a-z-]*' | sed 's/Fl /-/'
}

common_options_in_man() {
	sed -n '/^\.Sh OPTIONS/,/^\.Sh/p' "$man" | grep -o 'Fl -[a-z-]*' |
		sed 's/Fl /-/'
}

# complete WORD...: words that the completion offers for the last word
complete_words() {
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	COMPREPLY=()
	_bxctl
	[ ${#COMPREPLY[@]} = 0 ] || printf '%s\n' "${COMPREPLY[@]}"
}

sorted() {
	sort | xargs
}

exit_codes_in_help() {
	bxctl help | sed -n '/^Exit status:/,$s/^  \([0-9]*\) .*/\1/p'
}

exit_codes_in_man() {
	sed -n '/^\.Sh EXIT STATUS/,/^\.Sh/s/^\.It \([0-9]*\).*/\1/p' "$man"
}

# Hints of the library, and those that bxctl has a remedy for
hints() {
	sed -n 's/^\t\(BX_HINT_[A-Z_]*\),$/\1/p' loader/busext.h
}

hints_with_advice() {
	sed -n 's/^\t*\[\(BX_HINT_[A-Z_]*\)\].*/\1/p' loader/cmd/advice.c
}

commands_in_advice() {
	grep -o "bxctl [a-z]\+" loader/cmd/advice.c | sed 's/bxctl //'
}

# Names of facts: in the kernel's table, in the library, in the documentation
facts_in() {
	sed -n 's/^\t*\[\(BX_FACT_[A-Z_]*\)\]\t* *= {* *"\([a-z_.]*\)".*/\1 \2/p' "$1"
}

facts_in_docs() {
	sed -n '/^## Facts by name/,/^## /p' docs/buses.md | grep -o '^| `[^|]*|' |
		grep -o '[a-z_.]\+'
}

# Names of conditions: in the library, and in a table of the documentation
conditions() {
	sed -n 's/^\t\(FACT\|MEMBER\)("\([a-z_.-]*\)".*/\2/p; s/^\t{ "\([a-z]*\)", BX_COND_.*/\1/p' \
		loader/lib/rules_words.c
}

conditions_in_docs() {
	sed -n '/^## Conditions/,/^## /p' docs/rules.md | grep -o '^| `[^|]*|' |
		grep -o '[a-z_.-]\+' | grep -v '\.$'
}

mapfile -t commands < <(commands_in_help)
ktap_plan $((15 + 2 * ${#commands[@]}))

check_match "help lists commands" "apply .*status .*help" "${commands[*]}"
check_equal "the man page has every command" "$(commands_in_help | sorted)" \
	"$(commands_in_man | sorted)"
check_equal "the completion has every command" "$(commands_in_help | cut -d' ' -f1 | sort -u | xargs)" \
	"$(complete_words bxctl '' | sorted)"
check_equal "and the second word of a command" "$(commands_in_help | sed -n 's/^rules //p' | sorted)" \
	"$(complete_words bxctl rules '' | sorted)"
check_equal "the man page has the common options" "$(common_options | sorted)" \
	"$(common_options_in_man | sorted)"
check_equal "the man page has every exit status" "$(exit_codes_in_help | xargs)" \
	"$(exit_codes_in_man | xargs)"
check_equal "the completion has the common options" "$(common_options | sorted)" \
	"$(complete_words bxctl -- | sorted)"

check_equal "every hint has a remedy" "$(hints | sorted)" "$(hints_with_advice | sorted)"
check_equal "and none names a command that does not exist" "" \
	"$(comm -23 <(commands_in_advice | sort -u) <(commands_in_help | cut -d' ' -f1 | sort -u))"
check_equal "the library does not speak of bxctl's commands" "" \
	"$(grep -nE '"[^"]*bxctl [^"]*"' loader/lib/*.c)"

check_match "the kernel has facts" "BX_FACT_PATH path" "$(facts_in kernel/fact.c | xargs)"
check_equal "the library has the names of the kernel's facts" "$(facts_in kernel/fact.c | sorted)" \
	"$(facts_in loader/lib/query.c | sorted)"
check_equal "and the documentation" "$(facts_in kernel/fact.c | cut -d' ' -f2 | sorted)" \
	"$(facts_in_docs | sorted)"

check_equal "rules have a condition for each fact" "$(facts_in kernel/fact.c | cut -d' ' -f2 | sorted)" \
	"$(sed -n 's/^\tFACT("\([a-z_.]*\)".*/\1/p' loader/lib/rules_words.c | sorted)"
check_equal "the documentation has each condition" "$(conditions | sorted)" \
	"$(conditions_in_docs | sorted)"

for command in "${commands[@]}"; do
	read -ra words <<<"$command"
	check_equal "the man page has the options of $command" \
		"$(options_in_help "$command" | sorted)" \
		"$(options_in_man "$command" | sorted)"
	check_equal "the completion has the options of $command" \
		"$({ options_in_help "$command"; common_options; } | sorted)" \
		"$(complete_words bxctl "${words[@]}" -- | sorted)"
done
