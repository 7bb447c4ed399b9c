package openloop

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// pacer sleeps with a precision of tens of microseconds. On Linux time.Sleep wakes up to a
// millisecond late (median 0.5 ms, where reading a timer descriptor takes 0.03 ms),
// because the runtime waits in whole milliseconds. With latency counted from the due
// time, that would exceed the gateway's own time. It is not safe for concurrent use.
type pacer struct {
	fd     int
	timer  *os.File // nil: no descriptor was available, use time.Sleep
	expiry [8]byte
}

func newPacer() *pacer {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return &pacer{}
	}
	// Non-blocking, so the file is read through the runtime's poller and blocks no thread.
	return &pacer{fd: fd, timer: os.NewFile(uintptr(fd), "timerfd")}
}

func (p *pacer) close() {
	if p.timer != nil {
		p.timer.Close()
	}
}

func (p *pacer) sleep(d time.Duration) {
	if p.timer != nil {
		when := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(d))}
		if unix.TimerfdSettime(p.fd, 0, &when, nil) == nil {
			if _, err := p.timer.Read(p.expiry[:]); err == nil {
				return
			}
		}
	}
	time.Sleep(d)
}
