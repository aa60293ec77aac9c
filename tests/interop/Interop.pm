# What the tests of this folder share: commands, and what is skipped or must be there.
package Interop;
use strict;
use warnings;
use Exporter qw(import);
use FindBin;
use Test::More;
use lib "$FindBin::Bin/../../tools";
use Gate;

our @EXPORT = qw(read_file write_file in_path run missing);

*read_file = \&Gate::read_file;
*write_file = \&Gate::write_file;
*in_path = \&Gate::in_path;

# Runs a shell command: whether it succeeded, and what it wrote. The output goes to a file where one
# is named; errors do not.
sub run {
    my ($command, $file) = @_;
    my ($status, $output) = Gate::run($file ? "( $command ) >$file" : $command);
    return ($status == 0, $output);
}

# What is missing is skipped by name, or fails where it must be there.
sub missing {
    my ($what, $why) = @_;
    if ($ENV{LLMOBS_CI}) {
        fail($what);
        diag($why);
    } else {
        SKIP: { skip($why, 1) }
    }
    return;
}

1;
