package stream

import (
	"time"

	"go.uber.org/zap"
)

// clockEvery is the time between two log lines about clocks that differ.
const clockEvery = time.Minute

// checkClock logs that the issuer's batches are dated ahead of this gateway's clock: when that begins, once a
// minute, and when it ends.
func (f *Follower) checkClock() {
	if f.numbered == nil {
		return // a window counts messages that are dated ahead
	}
	behind := f.numbered.ClockBehind()
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case behind == 0 && !f.clockLogged.IsZero():
		f.clockLogged = time.Time{}
		f.log.Info("the clocks of issuer and gateway agree again")
	case behind != 0 && time.Since(f.clockLogged) >= clockEvery:
		f.clockLogged = time.Now()
		f.log.Error("this gateway's clock is behind the issuer's, or the issuer's is ahead: correct the wrong clock; until then the data is suspect and the watermark does not move",
			zap.Duration("by", behind))
	}
}
