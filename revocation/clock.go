package revocation

import (
	"time"

	"github.com/railgate/railgate/tokens"
)

// ahead records that batches are dated ahead of this gateway's clock by more than [MaxSkew]. One of the two
// clocks is wrong. Only the dates are doubtful, so records of such a batch are applied in their order and its
// dates are ignored.
type ahead struct {
	by    int64 // how far the newest such batch was ahead, ms; 0: the clocks agree
	at    int64 // when that batch was read, by this clock, Unix ms
	dated int64 // its date; repetitions of the batch have no effect
}

// observe stores the date of a batch that is dated ahead.
func (a *ahead) observe(issued, now int64) {
	if issued > a.dated {
		*a = ahead{by: issued - now, at: now, dated: issued}
	}
}

// agree handles a batch that is newer than all before and not dated ahead. The doubt ends when no batch has
// been ahead for [MaxSkew]. One batch is not enough: if this clock is behind, a batch that was delayed, or
// repeated by another writer, looks right.
func (a *ahead) agree(now int64) {
	if now-a.at >= MaxSkew.Milliseconds() {
		a.by = 0
	}
}

// ClockBehind returns how far this gateway's clock is behind the dates of batches if that exceeds [MaxSkew],
// and 0 otherwise.
func (r *Replica) ClockBehind() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.behind()
}

// behind is [Replica.ClockBehind]; r.mu is held.
func (r *Replica) behind() time.Duration {
	var by int64
	for i := range r.partitions {
		by = max(by, r.partitions[i].ahead.by)
	}
	return time.Duration(by) * time.Millisecond
}

// forgetBefore returns the time, Unix seconds, before which credentials must have expired for records about
// them to be dropped. r.mu is held; now is Unix ms. It uses the earlier of two clocks, this gateway's and the
// issuer's as seen in the dates of batches. If one clock jumps ahead and is corrected, no record is lost.
func (r *Replica) forgetBefore(now int64) int64 {
	return min(now, r.newest)/1000 - int64(Afterlife/time.Second)
}

// turnDay drops expired records when a new railway day begins. This bounds memory while a log of many days is
// read. r.mu is held.
func (r *Replica) turnDay(now int64) {
	past := r.forgetBefore(now)
	if day := tokens.DayOf(past); day > r.day {
		r.day = day
		r.forget(past)
	}
}

// Forget drops the records that cannot affect any credential or session that existed within [Afterlife] of
// now (Unix ms) and of the newest batch. It returns the number of revocations, cutoffs, closed sessions and
// forgiven serials dropped.
func (r *Replica) Forget(now int64) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.forget(r.forgetBefore(now))
}

// forget is called with r.mu held; past is Unix seconds.
func (r *Replica) forget(past int64) int {
	r.keys.forget(past)
	r.dropProofs(past)
	n := r.set.Forget(past) + r.subjects.forget(past) + r.closed.Forget(past) + r.forgiven.forget(past)
	r.amnesties.Store(r.amnesties.Load().without(past))
	for i := range r.partitions {
		if p := &r.partitions[i]; p.noRoomFrom != 0 && r.closed.hasRoom() {
			p.rereadNoRoom()
		}
	}
	return n
}
