# SPDX-License-Identifier: GPL-2.0-only
# The second half of strip-compat.sh, after unifdef: replaces macros of compat.h by their texts,
# and takes from it and from the makefiles what has lost its use.
#
#   strip-compat.pl HELPERS_H FILE...	HELPERS_H was compat.h, and is one of the files
use strict;
use warnings;

my ($helpers, @files) = @ARGV;

sub slurp {
	my ($file) = @_;
	open(my $in, '<', $file) or die "$file: $!\n";
	local $/;
	return <$in>;
}

sub spew {
	my ($file, $text) = @_;
	open(my $out, '>', $file) or die "$file: $!\n";
	print $out $text;
	close($out) or die "$file: $!\n";
}

# Removes the macros from compat.h and returns them: name, parameters (undef if the macro has no
# list of them), text.
sub take_macros {
	my ($text) = @_;
	my @macros;

	$$text =~ s/^#define (?!_BX_)(\w+)(?:\(([^)]*)\))?[ \t]*(.*)\n/
		push(@macros, [$1, $2, $3]); ''/gme;
	return @macros;
}

# The text of a macro that has parameters, for one use
sub instance {
	my ($params, $body, $args) = @_;
	my @args = split(/,\s*/, $args);

	for my $param (split(/,\s*/, $params)) {
		if ($param eq '...') {
			my $rest = join(', ', @args);
			$body =~ s/, ##__VA_ARGS__/$rest eq '' ? '' : ", $rest"/e;
		} else {
			my $arg = shift(@args);
			$body =~ s/= \(\Q$param\E\)|\b\Q$param\E\b/
				substr($&, 0, 1) eq '=' ? "= $arg" : $arg/ge;
		}
	}
	return $body;
}

sub expand {
	my ($line, $name, $params, $body) = @_;
	my $before = $line;

	return $line unless $line =~ /\b$name\b/;
	if (defined($params)) {
		$line =~ s/\b$name\(([^()]*)\)/instance($params, $body, $1)/ge;
	} elsif ($body eq '0') {
		# a flag that is always set
		$line =~ s/ \| $name\b|\b$name \| |, $name(?=\))//g;
	} elsif ($body eq '') {
		$line =~ s/\b$name ?//g;
	} else {
		$line =~ s/\b$name\b/$body/g;
	}
	return $line =~ /\S/ ? $line : '';
}

# Leaves what compat.h says about its functions, without versions.
sub trim_helpers {
	my ($text) = @_;
	my ($head, $rest) = $text =~ m{\A(.*?\n)/\*.*?\*/\n(.*)\z}s;

	# the fields of an entry, and comments whose code is gone
	$rest =~ s{(?: \*\n)?(?: \* (?:Detect|Old|New):.*\n(?: \*\t.*\n)*)+}{}g;
	$rest =~ s{^/\*\n(?: \*(?: .*)?\n)+? \*/\n(?=\n)}{}gm;
	$rest =~ s/\n{3,}/\n\n/g;
	$rest =~ s/_BX_COMPAT_H/_BX_HELPERS_H/g;
	for my $header ($rest =~ m{#include <linux/(\w+)\.h>}g) {
		my $others = $rest =~ s{#include <linux/\w+\.h>\n}{}gr;

		$rest =~ s{#include <linux/$header\.h>\n}{} unless $others =~ /\b$header/;
	}
	return "$head/* Small functions about devices */\n$rest";
}

my $text = slurp($helpers);
my @macros = take_macros(\$text);
spew($helpers, trim_helpers($text));

for my $file (@files) {
	my @lines;

	for my $line (split(/^/, slurp($file))) {
		$line = expand($line, @$_) for @macros;
		$line =~ s/\bcompat\.h\b/helpers.h/g;
		if ($file =~ /Kbuild$/) {
			next if $line =~ /\bcompat\.mk\b/;
			$line =~ s/ \$\(bx-compat\)//;
			next if $line =~ /^[\w-]+ \+=$/;
		}
		push(@lines, $line);
	}
	spew($file, join('', @lines));
}
