# SPDX-License-Identifier: GPL-2.0-only
# Print a program out of a document: the block of C after the line
# '<!-- test: WANT -->' (-v want=WANT), or the first one.
want == "" || $0 == "<!-- test: " want " -->" { armed = 1 }
/^```$/ { if (in_block) exit }
in_block { print }
/^```c$/ && armed { in_block = 1 }
