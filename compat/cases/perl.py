# SPDX-License-Identifier: MIT
from suite import backend

PACKAGES = ["perl"]
PROGRAM = "perl"
MODES = ["poll", "select"]
HARD = ("IO::Poll and IO::Select as Perl wraps them: a bit string as long as "
        "the highest number, and arrays that are made anew for each call.")

SERVERS = {"poll": r"""
use IO::Socket::INET; use IO::Poll qw(POLLIN POLLHUP POLLERR);
my $listener = IO::Socket::INET->new(LocalAddr => "127.0.0.1",
    LocalPort => $ARGV[0], Listen => 300, ReuseAddr => 1) or die;
my $poll = IO::Poll->new;
$poll->mask($listener => POLLIN);
$SIG{TERM} = sub { exit 0 };
while ($poll->poll >= 0) {
    for my $handle ($poll->handles(POLLIN | POLLHUP | POLLERR)) {
        if ($handle == $listener) {
            $poll->mask(scalar($listener->accept), POLLIN);
        } elsif (sysread($handle, my $data, 65536)) {
            syswrite($handle, $data);
        } else {
            $poll->remove($handle);
            close $handle;
        }
    }
}
""", "select": r"""
use IO::Socket::INET; use IO::Select;
my $listener = IO::Socket::INET->new(LocalAddr => "127.0.0.1",
    LocalPort => $ARGV[0], Listen => 300, ReuseAddr => 1) or die;
my $select = IO::Select->new($listener);
$SIG{TERM} = sub { exit 0 };
while (my @ready = $select->can_read) {
    for my $handle (@ready) {
        if ($handle == $listener) {
            $select->add(scalar $listener->accept);
        } elsif (sysread($handle, my $data, 65536)) {
            syswrite($handle, $data);
        } else {
            $select->remove($handle);
            close $handle;
        }
    }
}
"""}


def start(box):
    script = box.file("server.pl", SERVERS[box.mode])
    box.start("perl", script, box.port(), ready=box.port())


def work(box):
    backend.echo_crowd(box, box.port(), clients=300, size=8000)
