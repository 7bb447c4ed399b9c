package load

import (
	"errors"
	"runtime"
	"runtime/debug"
	"time"

	"golang.org/x/sys/unix"

	"github.com/railgate/railgate/loadtest/openloop"
)

const (
	// grace is how long after the last arrival answers are awaited.
	grace = openloop.Grace
	// events is how many sockets one turn of the loop reads.
	events = 16
)

// Open sends requests when they are due and judges the answers. It is one loop on one thread that
// never sleeps: it sends the requests that are due, polls the sockets, reads them, and repeats.
// Neither Go's scheduler nor a timer delays a request. The delay of the loop itself is reported, in
// Outcome.Late and in turns: the sorted durations of its turns, each of which bounds how late an
// answer was seen. The garbage collector is off meanwhile.
//
// A request that is due takes any free connection of its stream. Until one is free it waits, and
// the wait is part of its latency.
func Open(address string, length time.Duration, all ...Stream) (outcomes []Outcome, turns []time.Duration, err error) {
	runtime.GC()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	l, err := newLoop(address, length, all)
	if err != nil {
		return nil, nil, err
	}
	defer l.close()
	if err := l.run(length); err != nil {
		return nil, nil, err
	}
	for _, s := range l.streams {
		s.out.Sort()
		outcomes = append(outcomes, s.out)
	}
	return outcomes, l.sortedTurns(), nil
}

// loop is the state of one open loop, used by one goroutine.
type loop struct {
	epoll   int
	peer    unix.Sockaddr
	streams []*stream
	sockets []*socket
	start   time.Time
	turns   []time.Duration
	at      int // index of the oldest kept turn
}

// keptTurns is the number of latest turns that are kept; a turn takes a microsecond or more.
const keptTurns = 1 << 20

func newLoop(address string, length time.Duration, all []Stream) (*loop, error) {
	l := &loop{turns: make([]time.Duration, 0, keptTurns)}
	var err error
	if l.peer, err = loopback(address); err != nil {
		return nil, err
	}
	if l.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, err
	}
	for _, given := range all {
		s := &stream{Stream: given, due: given.arrivals(length)}
		s.out.Outcome = openloop.NewOutcome(s.due)
		l.streams = append(l.streams, s)
		for range given.Connections {
			k := &socket{stream: s, number: len(l.sockets), fd: -1}
			if err := l.connect(k); err != nil {
				l.close()
				return nil, err
			}
			l.sockets = append(l.sockets, k)
			s.free = append(s.free, k)
		}
	}
	return l, nil
}

func (l *loop) close() {
	for _, k := range l.sockets {
		if k.fd >= 0 {
			unix.Close(k.fd)
		}
	}
	unix.Close(l.epoll)
}

func (l *loop) run(length time.Duration) error {
	var ready [events]unix.EpollEvent
	l.start = time.Now()
	for last := time.Duration(0); ; {
		now := time.Since(l.start)
		l.turn(now - last)
		last = now
		done := now > length
		for _, s := range l.streams {
			// One at a time: a stream with a backlog must not delay the others.
			if err := l.send(s, now); err != nil {
				return err
			}
			done = done && len(s.due) == 0 && s.waiting == 0
		}
		if done || now > length+grace {
			l.giveUp(now)
			return nil
		}
		n, err := unix.EpollWait(l.epoll, ready[:], 0)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
		for _, e := range ready[:max(n, 0)] {
			if err := l.receive(l.sockets[e.Fd]); err != nil {
				return err
			}
		}
	}
}

func (l *loop) turn(d time.Duration) {
	if len(l.turns) < keptTurns {
		l.turns = append(l.turns, d)
		return
	}
	l.turns[l.at] = d
	l.at = (l.at + 1) % keptTurns
}
