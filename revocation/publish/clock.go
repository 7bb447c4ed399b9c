package publish

import (
	"time"

	"go.uber.org/zap"
)

// now reads the clock, Unix ms rounded down. A clock that was set back is logged once: watermarks are valid
// for the first time that the clock shows a moment, and promise nothing for the second.
func (p *Publisher) now() int64 {
	now := p.Now().UnixMilli()
	p.mu.Lock()
	defer p.mu.Unlock()
	if now < p.furthest {
		if !p.setBack {
			p.Log.Warn("the clock was set back; the watermark of gateways does not move until the clock passes its furthest moment again",
				zap.Duration("by", time.Duration(p.furthest-now)*time.Millisecond), zap.Time("furthest", time.UnixMilli(p.furthest)))
		}
		p.setBack = true
		return now
	}
	p.furthest, p.setBack = now, false
	return now
}
