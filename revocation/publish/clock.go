package publish

import (
	"time"

	"go.uber.org/zap"
)

// now reads the clock, Unix ms rounded down. A clock that was set back is logged
// once: watermarks stay true for the moments that it shows for the first time, and
// say nothing of those that it shows again.
func (p *Publisher) now() int64 {
	now := p.Now().UnixMilli()
	p.mu.Lock()
	defer p.mu.Unlock()
	if now < p.furthest {
		if !p.back {
			p.Log.Warn("the clock was set back; until it passes its furthest moment again, the watermark of gateways does not move",
				zap.Duration("by", time.Duration(p.furthest-now)*time.Millisecond), zap.Time("furthest", time.UnixMilli(p.furthest)))
		}
		p.back = true
		return now
	}
	p.furthest, p.back = now, false
	return now
}
