# Programs that run while a test asks them. Only what was started here is ended, by its number,
# however the test ends.
package Servers;
use strict;
use warnings;
use Exporter qw(import);
use IO::Socket::INET;
use Time::HiRes qw(sleep time);

our @EXPORT = qw(%started PATIENCE start stop await free_port);
use constant PATIENCE => 60; # seconds that anything may take at most

our %started; # its number, by its name

sub start {
    my ($name, $log, @command) = @_;
    my $child = fork() // die "fork: $!\n";
    if ($child == 0) {
        open(STDIN, '<', '/dev/null');
        open(STDOUT, '>', $log) or die "$log: $!\n";
        open(STDERR, '>&', \*STDOUT);
        exec(@command) or exit(127);
    }
    $started{$name} = $child;
    return $child;
}

sub stop {
    my ($name) = @_;
    my $child = delete $started{$name} // return;
    kill('TERM', $child);
    for (1 .. 100) {
        return $? if waitpid($child, 1) == $child; # 1: WNOHANG
        sleep(0.1);
    }
    kill('KILL', $child);
    waitpid($child, 0);
    return -1;
}

END {
    my $status = $?;
    stop($_) for keys %started;
    $? = $status;
}
$SIG{$_} = sub { exit(1) } for qw(INT TERM HUP);

# Waits until it is true; false when that takes too long.
sub await {
    my ($is_true) = @_;
    my $end = time() + PATIENCE;
    while (time() < $end) {
        return 1 if $is_true->();
        sleep(0.1);
    }
    return 0;
}

sub free_port {
    my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1)
        or die "socket: $!\n";
    return $socket->sockport();
}

1;
