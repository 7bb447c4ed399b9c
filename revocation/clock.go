package revocation

import (
	"time"

	"github.com/railgate/railgate/tokens"
)

// ahead notes that batches are dated ahead of this gateway's clock by more than
// MaxSkew. One of the two clocks is wrong, and only the dates are doubtful: records
// of such a batch are applied in their order, its dates are not taken.
type ahead struct {
	by    int64 // how far the last such batch was ahead, ms; 0: the clocks agree
	at    int64 // when it was read, by this clock, Unix ms
	dated int64 // its date: repetitions of it tell nothing new
}

// note takes a batch that is dated ahead.
func (a *ahead) note(issued, now int64) {
	if issued > a.dated {
		*a = ahead{by: issued - now, at: now, dated: issued}
	}
}

// agree takes the date of a batch that is newer than all before and not ahead. The
// doubt ends when no batch has been ahead for MaxSkew: with this clock behind, a
// batch that comes late, or is repeated by another writer, looks right.
func (a *ahead) agree(now int64) {
	if now-a.at >= MaxSkew.Milliseconds() {
		a.by = 0
	}
}

// ClockBehind is how far this gateway's clock is behind the dates of batches, if
// that is more than MaxSkew; otherwise 0.
func (r *Replica) ClockBehind() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.behind()
}

// behind is ClockBehind; r.mu is held.
func (r *Replica) behind() time.Duration {
	var by int64
	for i := range r.partitions {
		by = max(by, r.partitions[i].ahead.by)
	}
	return time.Duration(by) * time.Millisecond
}

// over is the moment, Unix seconds, before which credentials must have expired for
// what is said of them to be dropped; r.mu is held, now is Unix ms. Both clocks have
// to say so, this gateway's and the issuer's by the dates of its batches: after one
// of them leapt and came back, nothing is missing.
func (r *Replica) over(now int64) int64 {
	return min(now, r.newest)/1000 - int64(Afterlife/time.Second)
}

// turnDay drops what is over when a new railway day begins, so that a log of many
// days does not pile up while it is read; r.mu is held.
func (r *Replica) turnDay(now int64) {
	past := r.over(now)
	if day := tokens.DayOf(past); day > r.day {
		r.day = day
		r.forget(past)
	}
}

// Forget drops what no credential or session can be touched by that lived within
// Afterlife of now (Unix ms) and of the newest batch, and returns how many
// revocations, cut-offs and closed sessions that were.
func (r *Replica) Forget(now int64) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.forget(r.over(now))
}

// forget is called with r.mu held; past is Unix seconds.
func (r *Replica) forget(past int64) int {
	r.keys.forget(past)
	r.dropProofs(past)
	n := r.set.Forget(past) + r.subjects.forget(past) + r.closed.Forget(past)
	for i := range r.partitions {
		if p := &r.partitions[i]; p.unfit != 0 && r.closed.roomy() {
			p.refit()
		}
	}
	return n
}
