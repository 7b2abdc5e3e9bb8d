#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Finds turns of phrase that the style of this project excludes, in the comments, messages and
# documentation of the tracked files: the text is written as the kernel's and systemd's
# documentation is. Prints FILE:LINE: FOUND -> BETTER for each.
#
#   words.sh [FILE...]   these files, or all tracked ones
#
# Exit status 1 if it finds any.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$top"

# A phrase, what to write instead, and, behind '!', exceptions, which are matched to the phrase
# with 40 characters around it: Perl's regular expressions. A space also stands for a line
# break in a comment or in a message. Of C files only comments and strings are searched.
# Phrases without capitals are not found in words of capitals, which are identifiers.
turns() {
	cat <<'END_OF_TURNS'
\bin(to)? force\b | active, activate
\bout of force\b | not active, deactivate
\b(is|are|was|were) (not )?to be\b | must be, can be, will be
\b(is|are) (not )?to (have|go|get|come|do|say|know|take|keep|stay|see|count|make|give) | must, can, will
\b(some|no|any|every)body\b | another process, no policy, the user; or passive ! `nobody`|\bnobody:x\b|:nobody:/
\bwho(m|so)?ever\b | the caller, a process that, each user; or passive
\banew\b | again
\bonce more\b | again
\bput(s|ting)? (it |that |this |them )?right\b | correct, recover, repair
\b(is|are|was|were) no [a-z]+ | is not a, is not a valid ! \bthere (is|are|was|were) no\b|\b(is|are|was|were) no (longer|more|less|later|earlier|different)\b
\b(is|are) none\b | is not one, is not a valid ! \bthere (is|are) none\b|\bnone of\b
\bg(o|oes|oing|one|went) on\b | continue ! is going on
\balone\b | only ! \b(leaves?|left|leaving|let|stands?)\b[^.,;]{0,30} alone
\bby other means\b | separately, by another program
\b(operator|administrator)'s word\b | the operator's override
\bt(ake|akes|aken|aking|ook) along\b | copy
\bmistakes? of (the|a) policy\b | invalid result of the policy
\b(decided?|ended|differs?|used?|answers?|does|do|done|be|been|act|acts) otherwise\b | differently
\bmakes? no sense\b | is invalid
\bnonsense\b | invalid contents, invalid input
\bin [a-z']+ stead\b | instead of
\btaken? for granted\b | assumed
\bDECIDES\b|\bAND SO\b | RESULT
(?-i:What) [a-z']+ [a-z']+(?![^.]{0,70}\?) | the noun: "Watched operations", "The deciding policy"
END_OF_TURNS
}

# Lines of the output that stay: a reason, and below it extended regular expressions.
allowed() {
	grep -v '^#' <<'END_OF_ALLOWED'
# this file
^scripts/words\.sh:
# texts of others
^(LICENSES/|loader/patches/)
END_OF_ALLOWED
}

# CHANGELOG.md is checked up to its second version: the older texts stay.
find_turns() {
	perl -e '
		use strict;
		# whether an exception overlaps the phrase
		sub is_exception {
			my ($text, $not, $from, $to) = @_;
			my $start = $from > 40 ? $from - 40 : 0;
			my $around = substr($text, $start, $to - $start + 40);
			while ($around =~ /$not/g) {
				return 1 if $start + $-[0] < $to && $start + $+[0] > $from;
			}
			return 0;
		}

		my @turns;
		open(my $list, "<", shift) or die;
		while (<$list>) {
			chomp;
			my ($text, $not) = split / ! /;
			my ($turn, $better) = $text =~ /^(.*) \| (.*)$/ or die "$_\n";
			my $gap = q{(?:[ \t]|"?\s*\n[\s*#/"\\\\]*)+};
			for ($turn, $not) {
				s/ /$gap/g if defined;
			}
			push @turns, [qr/$turn/i, $better, defined $not ? qr/$not/i : undef,
				      scalar($turn =~ /\\b[A-Z]{2}/)];
		}
		for my $file (@ARGV) {
			local $/;
			open(my $in, "<", $file) or next;
			my $text = <$in>;
			next if $text =~ /\0/;
			$text =~ s/\A(.*?^## .*?^## .*?)^## .*\z/$1/ms if $file =~ /CHANGELOG/;
			$text =~ s{("(?:\\.|[^"\\\n])*"|/\*.*?\*/|//[^\n]*)|\x27(?:\\.|[^\x27\\\n])*\x27|([^\n])}
				{defined $1 ? $1 : defined $2 ? " " : "   "}gsex if $file =~ /\.[ch]$/;
			for (@turns) {
				my ($re, $better, $not, $capitals) = @$_;
				while ($text =~ /$re/g) {
					my ($from, $to, $what) = ($-[0], $+[0], $&);
					next if ($what =~ /[A-Z]{2}/ xor $capitals);
					next if $not && is_exception($text, $not, $from, $to);
					my $line = 1 + (substr($text, 0, $from) =~ tr/\n//);
					$what =~ s{[\s*#"\\]+}{ }g;
					print "$file:$line: $what -> $better\n";
				}
			}
		}' <(turns) "$@" | sort -t : -k 1,1 -k 2,2n
}

if [ $# = 0 ]; then
	mapfile -t files < <(git -c safe.directory="$top" ls-files)
	set -- "${files[@]}"
fi
found=$(find_turns "$@")
found=$(grep -vE -f <(allowed) <<<"$found") || true
[ -z "$found" ] || { echo "$found"; exit 1; }
